"""The baseline store: accepted runs on disk, and which of them a measurement may be compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.benchmark_json import load, write_candidate
from pytest_llmops.judge.recording import Acceptance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.judge.recording import BaselineRun
    from pytest_llmops.samples import Series

KEPT = 5
"""Newest like runs that a measurement is compared with."""


@dataclass(frozen=True, slots=True)
class Match:
    """The accepted runs that a metric may be compared with.

    Attributes:
        series: of the newest like runs, newest last; empty where none is alike.
        differs: what is not alike, as a sentence; empty where some run is alike, or the metric is unknown.
        known: whether any accepted run has the metric.
        newest: when the newest of these runs was measured; None without one.
    """

    series: list[Series]
    differs: str
    known: bool
    newest: datetime | None = None


class Store:
    """Accepted runs below one directory, ``<target>/NNNN_<time>.json``. Only ``accept`` writes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def runs(self, target: str) -> list[BaselineRun]:
        """All accepted runs of a target, newest last.

        Raises:
            BaselineError: a file among them is damaged or not ours; none is ever skipped.
        """
        return [self._accepted(path) for path in sorted(self._folder(target).glob("*.json"))]

    def accept(self, candidate: Path, *, reason: str, by: str, commit: str = "") -> Path:
        """Make a candidate a baseline, and return the new file. Existing files are left alone.

        Raises:
            BaselineError: no reason or no name given, or the candidate is damaged, not ours, or accepted already.
        """
        if not reason.strip():
            raise BaselineError("a baseline is accepted with a reason: say why this run is the new normal")
        if not by.strip():
            raise BaselineError("a baseline is accepted by someone: say who")
        run = load(candidate)
        if run.accepted is not None:
            raise BaselineError(
                f"{candidate} is a baseline already, accepted by {run.accepted.by} on {run.accepted.at:%Y-%m-%d}. "
                "Name a candidate, as --llmops-baseline record writes it."
            )
        acceptance = Acceptance(reason.strip(), by.strip(), datetime.now(UTC), commit, candidate.name)
        path = self._next(run)
        write_candidate(path, replace(run, accepted=acceptance))
        return path

    def find(self, target: str, metric: str, fingerprint: Mapping[str, str | int]) -> Match:
        """The newest accepted runs that are like ``fingerprint`` in every key that it has.

        Keys left out are not compared: side by side, and around a model update, target and model are what is compared.

        Raises:
            BaselineError: as ``runs``.
        """
        found = [(run, one) for run in self.runs(target) if (one := run.find(metric)) is not None]
        alike = [(run, one) for run, one in found if not _differences(one.fingerprint, fingerprint)]
        if not alike:
            return Match([], _differences(found[-1][1].fingerprint, fingerprint) if found else "", known=bool(found))
        series = [one.metric.series for _, one in alike[-KEPT:]]
        return Match(series, "", known=True, newest=alike[-1][0].recorded)

    def _accepted(self, path: Path) -> BaselineRun:
        run = load(path)
        if run.accepted is None:
            raise BaselineError(
                f"{path} was never accepted. Move it out of the baselines and accept it with llmops baseline accept."
            )
        return run

    def _next(self, run: BaselineRun) -> Path:
        folder = self._folder(run.target)
        stamp = run.recorded.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        for known in folder.glob(f"*_{stamp}.json"):
            raise BaselineError(
                f"this run was accepted before, as {known}; twice the same one would pass for two that agree."
            )
        numbers = [int(found[1]) for path in folder.glob("*.json") if (found := re.match(r"(\d+)_", path.name))]
        return folder / f"{max(numbers, default=0) + 1:04d}_{stamp}.json"

    def _folder(self, target: str) -> Path:
        if not re.fullmatch(r"[\w:@+-][\w.:@+-]*", target):
            raise BaselineError(f"target {target!r} cannot name a folder of baselines")
        return self.directory / target


def _differences(baseline: Mapping[str, str | int], now: Mapping[str, str | int]) -> str:
    """``model is A now, B in the baseline``, for each key of ``now`` that differs; empty where none does."""
    found = [
        f"{key} is {_said(value)} now, {_said(baseline.get(key))} in the baseline"
        for key, value in now.items()
        if baseline.get(key) != value
    ]
    return "; ".join(found)


def _said(value: str | int | None) -> str:
    return "unknown" if value in {"", None} else str(value)
