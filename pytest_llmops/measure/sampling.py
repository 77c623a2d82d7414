"""Makes timed calls, batch by batch, and keeps what each one did."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.http import purpose
from pytest_llmops.errors import CallFailed
from pytest_llmops.samples import Prompt, Sample, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmops.samples import Workload
    from pytest_llmops.state.ledger import Ledger

GIVE_UP_AFTER = 5
"""Failures in a row after which no more calls are made: the error rate has spoken."""

PROGRESS_EVERY_S = 5.0


@dataclass
class Sampler:
    """One workload's calls in one run.

    Attributes:
        name: of the measurement, for progress and the ledger.
        call: makes one call for a prompt.
        workload: prompts, sent round and round.
        ledger: where wall time is entered.
        warm_up: successes at the start of each run that are not kept.
        progress: told a line now and then.
        runs: the samples of each run, in time order, warm-up dropped.
        failures: the words of each failure.
    """

    name: str
    call: Callable[[Prompt], Any]
    workload: Workload
    ledger: Ledger
    warm_up: int
    progress: Callable[[str], None]
    runs: list[list[Sample]] = field(default_factory=list)
    failures: list[CallFailed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rounds: Iterator[Prompt] = self.workload.rounds()
        self._in_a_row = 0
        self._spoken_at = time.monotonic()

    @property
    def given_up(self) -> bool:
        """Whether calls failed so often in a row that no more are made."""
        return self._in_a_row >= GIVE_UP_AFTER

    @property
    def seconds_a_call(self) -> float:
        """Mean wall time of the calls so far; 0 before the first."""
        samples = [sample for run in self.runs for sample in run]
        return sum(sample.duration_s for sample in samples) / len(samples) if samples else 0.0

    @property
    def tokens_a_call(self) -> float:
        """Mean generated tokens of the calls so far, by the server's count."""
        counts = [sample.stream.tokens_out or 0 for run in self.runs for sample in run]
        return sum(counts) / len(counts) if counts else 0.0

    def collect(self, calls: int, *, fresh_run: bool) -> None:
        """Make so many more calls.

        Args:
            calls: how many to keep; the warm-up of a new run comes on top.
            fresh_run: whether a new run starts, with the workload from its beginning and a warm-up of its own.
        """
        started = time.monotonic()
        if fresh_run or not self.runs:
            self.runs.append([])
            self._rounds = self.workload.rounds()
            self._warm()
        run = self.runs[-1]
        wanted = len(run) + calls
        with purpose("measure"):
            while len(run) < wanted and not self.given_up:
                run.append(self._once(next(self._rounds)))
                self._tell(len(run), wanted)
        self.ledger.charge(f"measure:{self.name}", seconds=time.monotonic() - started)

    def _warm(self) -> None:
        """The first calls: successes are dropped, a failure is a failure."""
        with purpose("measure"):
            for prompt, _ in zip(self.workload.rounds(), range(self.warm_up), strict=False):
                sample = self._once(prompt)
                if not sample.ok:
                    self.runs[-1].append(sample)

    def _once(self, prompt: Prompt) -> Sample:
        started, start = time.time(), time.perf_counter()
        try:
            result = self.call(prompt)
        except CallFailed as error:
            self._in_a_row += 1
            self.failures.append(error)
            return Sample(prompt.id, started, time.perf_counter() - start, error=error.kind)
        self._in_a_row = 0
        stream = getattr(result, "stream", None)
        return Sample(
            prompt.id, started, time.perf_counter() - start, stream if isinstance(stream, Stream) else Stream()
        )

    def _tell(self, done: int, wanted: int) -> None:
        if time.monotonic() - self._spoken_at >= PROGRESS_EVERY_S:
            self._spoken_at = time.monotonic()
            again = "again, to confirm: " if len(self.runs) > 1 else ""
            self.progress(f"{self.name}: {again}{done} of {wanted} calls")
