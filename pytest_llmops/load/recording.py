"""What the workers of a load run report, line by line, and all of it together: every call, or histograms of very many.

A line is a batch of one worker: JSON, with its calls as packed records (`RECORD`) in base64. A line that was cut off,
because its writer was killed, is left out; all before it count.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_llmops.load.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

RAW_UP_TO = 100_000
"""Calls of a run that are kept one by one. Once there are more, or where it is known that there will be, their times
are counted in histograms, batch by batch."""

RECORD = np.dtype(
    [
        ("number", "<u4"),
        ("request", "<u2"),
        ("prompt", "<u2"),
        ("kind", "<u2"),
        ("worker", "<u2"),
        ("tokens", "<i4"),
        ("started", "<f8"),
        ("delay_s", "<f8"),
        ("service_s", "<f8"),
        ("ttft_s", "<f8"),
        ("ttfo_s", "<f8"),
        ("tpot_s", "<f8"),
    ]
)
"""One call. ``number`` in the plan, places of its ``request`` and ``prompt`` there; ``kind`` of its failure, 0 for a
success; ``tokens`` by the server's count, -1 where it gave none; ``started``: the moment at which it really began, wall
clock; ``delay_s``: by so much later than it was due; ``service_s``: to the end of the answer or the failure; the times
of its stream, NaN where there are none."""

PARTS = ("response", "service", "ttft", "ttfo", "tpot", "delay")
"""The times of a call. ``response`` is from the moment at which it was due, so that waiting for the generator or behind
a server that stalls is in it; ``service`` from the one at which it was sent. TTFT and TTFO are from the former, too."""


@dataclass
class Sent:
    """What a generating process has sent so far.

    Attributes:
        worker: which, from 0.
        pid, host: whose process; 0 and empty of one that never reported.
        due: calls that were due since they began; of a closed loop those that were begun.
        begun: those of them that were sent, or given up because too many were waiting for their answers.
    """

    worker: int
    pid: int = 0
    host: str = ""
    due: int = 0
    begun: int = 0


@dataclass
class Batch(Sent):
    """What one worker did since its last report, and has sent so far.

    Attributes:
        at: when it was written, wall clock.
        began: when the worker's calls began, wall clock.
        cpu_s, wall_s: of its process, since the calls began.
        in_flight: calls that wait for their answers now.
        kinds: of failures, from 1 on: kind and the newest sentence of each.
        calls: records (`RECORD`); empty where there are histograms.
        histograms: by part (`PARTS`), of successes; with ``failed`` calls by kind.
        failed: see there.
        tokens: generated ones of this batch.
        ended: why the worker makes no more calls; empty while it does.
        last: whether it is the worker's last report: all its calls are over.
    """

    at: float = 0.0
    began: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    in_flight: int = 0
    kinds: list[tuple[str, str]] = field(default_factory=list)
    calls: NDArray[Any] = field(default_factory=lambda: np.empty(0, RECORD))
    histograms: dict[str, Histogram] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    ended: str = ""
    last: bool = False

    @property
    def count(self) -> int:
        """Calls that are over, failed ones too."""
        return len(self.calls) + len(self.histograms.get("service", ())) + sum(self.failed.values())

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        plain = dict(vars(self))
        plain["calls"] = base64.b64encode(self.calls.tobytes()).decode()
        plain["histograms"] = {part: histogram.as_json() for part, histogram in self.histograms.items()}
        return plain

    @classmethod
    def read(cls, plain: dict[str, Any]) -> Batch:
        """Out of :meth:`as_json`."""
        calls = np.frombuffer(base64.b64decode(plain["calls"]), RECORD)
        kinds = [(str(kind), str(said)) for kind, said in plain["kinds"]]
        histograms = {part: Histogram.read(counts) for part, counts in plain["histograms"].items()}
        return cls(**{**plain, "calls": calls, "kinds": kinds, "histograms": histograms})


def read_lines(lines: Iterable[str | bytes]) -> list[Batch]:
    """The batches of lines; one that was cut off is left out."""
    found = []
    for line in lines:
        try:
            found.append(Batch.read(json.loads(line)))
        except (ValueError, KeyError, TypeError):  # its writer was killed in the middle of it
            continue
    return found


def read_file(path: Path) -> Recording:
    """The recording that was kept in a file."""
    return Recording(read_lines(path.read_bytes().splitlines()))


class Recording:
    """All batches of a run, of all its workers.

    Args:
        batches: in any order.

    Attributes:
        batches: those.
        kinds: of failures, from 1 on, all workers' together.
        said: the newest sentence of each kind.
    """

    def __init__(self, batches: Sequence[Batch] = ()) -> None:
        self.batches: list[Batch] = []
        self.kinds: list[str] = []
        self.said: dict[str, str] = {}
        self._calls: list[NDArray[Any]] = []
        for batch in batches:
            self.add(batch)

    def add(self, batch: Batch) -> None:
        """One more batch, its failures numbered as ours are."""
        numbers = [0]
        for kind, said in batch.kinds:
            if kind not in self.kinds:
                self.kinds.append(kind)
            self.said[kind] = said
            numbers.append(self.kinds.index(kind) + 1)
        calls = batch.calls.copy()
        calls["kind"] = np.asarray(numbers, dtype="<u2")[calls["kind"]]
        calls["worker"] = batch.worker
        self.batches.append(batch)
        self._calls.append(calls)

    @property
    def raw(self) -> bool:
        """Whether every call is here by itself."""
        return not any(batch.histograms or batch.failed for batch in self.batches)

    @property
    def calls(self) -> NDArray[Any]:
        """Every call, by the moment at which it was due; none where there were too many."""
        together = np.concatenate([np.empty(0, RECORD), *self._calls])
        return np.asarray(together[np.argsort(together["started"] - together["delay_s"], kind="stable")])

    @property
    def count(self) -> int:
        """Calls that are over, failed ones too."""
        return sum(batch.count for batch in self.batches)

    @property
    def succeeded(self) -> int:
        """Calls that succeeded."""
        counted = sum(len(batch.histograms.get("service", ())) for batch in self.batches)
        return counted + sum(int((calls["kind"] == 0).sum()) for calls in self._calls)

    @property
    def failures(self) -> dict[str, int]:
        """Failed calls by kind."""
        found: dict[str, int] = {}
        for batch, calls in zip(self.batches, self._calls, strict=True):
            for kind, count in batch.failed.items():
                found[kind] = found.get(kind, 0) + count
            for number in calls["kind"][calls["kind"] > 0]:
                found[self.kinds[number - 1]] = found.get(self.kinds[number - 1], 0) + 1
        return found

    @property
    def error_rate(self) -> float:
        """Failed calls as a share of all; NaN where there was none."""
        return sum(self.failures.values()) / self.count if self.count else float("nan")

    @property
    def tokens(self) -> int:
        """Generated tokens, as the servers counted them."""
        return sum(batch.tokens for batch in self.batches)

    def times(self, part: str) -> NDArray[np.float64]:
        """One of `PARTS` of every successful call, in seconds; shape (n,), in the order in which they were due.

        Of very many calls they are ascending, and told to 0.1 %. The delay is of failed calls as well.
        """
        calls = self.calls
        values = times_of(calls if part == "delay" else calls[calls["kind"] == 0], part)
        if self.raw:
            return values
        merged = Histogram()
        merged.add(values.tolist())  # those of the beginning, before there were too many
        for batch in self.batches:
            merged.merge(batch.histograms.get(part, Histogram()))
        return merged.values()


def times_of(calls: NDArray[Any], part: str) -> NDArray[np.float64]:
    """One of `PARTS` of these calls, in seconds, those that have none left out."""
    if part == "response":
        return np.asarray(calls["delay_s"] + calls["service_s"])
    values = calls[f"{part}_s"] + (calls["delay_s"] if part in {"ttft", "ttfo"} else 0.0)
    return np.asarray(values[~np.isnan(values)])
