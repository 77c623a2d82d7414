"""What a baseline holds: one run of a target, metric by metric."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from pytest_llmops.samples import Metric

UNTOLD = "*"
"""In a fingerprint: an imported file did not tell; whoever accepted the run takes it as like."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One metric of a recorded run.

    Attributes:
        check: key of the check that measured it (``daily/test_latency.py::test_generation``).
        metric: its name, unit and values.
        fingerprint: what must be alike before two runs are compared: target, model, workload, concurrency, host_class,
            measurement_version.
        beside: what else was seen, for people: numbers and words by name.
    """

    check: str
    metric: Metric
    fingerprint: Mapping[str, str | int]
    beside: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who made a run a baseline, and why.

    Attributes:
        reason: in the accepter's words.
        by: who.
        at: when.
        commit: of the repository that holds the suites, empty if unknown.
        source: name of the candidate's file.
        replaces: number of the newest run that is no longer compared, where this is the new normal; 0 replaces none.
        forced: accepted although it disagrees with the runs that it joins, or too many of its calls failed.
    """

    reason: str
    by: str
    at: datetime
    commit: str
    source: str
    replaces: int = 0
    forced: bool = False


@dataclass(frozen=True, slots=True)
class BaselineRun:
    """One recorded run: a candidate until it is accepted.

    Attributes:
        target: the target's name.
        recorded: when it was measured, with time zone.
        host_class: the kind of machine that measured.
        cpu: its CPU model.
        python_version: of the measuring process.
        commit: of the repository that holds the suites, empty if unknown.
        recordings: one per metric.
        accepted: None for a candidate.
        path: the file that it was read from, None if it was not.
    """

    target: str
    recorded: datetime
    host_class: str
    cpu: str
    python_version: str
    commit: str
    recordings: tuple[Recording, ...]
    accepted: Acceptance | None = None
    path: Path | None = None

    @property
    def number(self) -> int:
        """The number that an accepted run's file begins with; 0 for any other."""
        digits = self.path.name.partition("_")[0] if self.path else ""
        return int(digits) if digits.isdecimal() else 0

    @property
    def untold(self) -> list[str]:
        """What its file did not tell, as names of the fingerprint."""
        return list(dict.fromkeys(k for one in self.recordings for k, v in one.fingerprint.items() if v == UNTOLD))

    def find(self, metric: str) -> Recording | None:
        """The recording of that metric, None if there is none."""
        return next((one for one in self.recordings if one.metric.name == metric), None)
