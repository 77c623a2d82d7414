"""Makes timed calls, batch by batch, and keeps what each one did."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.http import purpose
from pytest_llmops.errors import BudgetSpent, CallFailed
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
        self._spent = False
        self._spoken_at = time.monotonic()

    @property
    def stopped(self) -> bool:
        """Whether no more calls are made: too many failed in a row, or the budget ended."""
        return self._in_a_row >= GIVE_UP_AFTER or self._spent

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
        left_s = self.ledger.budget.seconds - self.ledger.spent().seconds
        fresh = fresh_run or not self.runs
        if fresh:
            self.runs.append([])
            self._rounds = self.workload.rounds()
        run = self.runs[-1]
        try:
            with purpose("measure"):
                if fresh:
                    self._warm(run)
                wanted = len(run) + calls
                while len(run) < wanted and not self.stopped:
                    run.append(self._once(next(self._rounds)))
                    self._tell(len(run), wanted)
                    self._spent = time.monotonic() - started > left_s
        except BudgetSpent:
            if not any(self.runs):
                raise
            self._spent = True  # what there is, is judged
        finally:
            self.ledger.charge(f"measure:{self.name}", seconds=time.monotonic() - started)

    def _warm(self, run: list[Sample]) -> None:
        """The first calls: successes are dropped, a failure is a failure."""
        for prompt, _ in zip(self.workload.rounds(), range(self.warm_up), strict=False):
            sample = self._once(prompt)
            if not sample.ok:
                run.append(sample)

    def _once(self, prompt: Prompt) -> Sample:
        started, start = time.time(), time.perf_counter()
        try:
            result = self.call(prompt)
        except CallFailed as error:
            return self._failed(prompt, started, time.perf_counter() - start, error)
        duration_s = time.perf_counter() - start
        kind = getattr(result, "failure", "")  # a 200 is not a success: blocked, empty, an error status
        if kind:
            said = CallFailed("", kind, f"the answer to {prompt.id} was {kind}")
            return self._failed(prompt, started, duration_s, said)
        self._in_a_row = 0
        stream = getattr(result, "stream", None)
        return Sample(prompt.id, started, duration_s, stream if isinstance(stream, Stream) else Stream())

    def _failed(self, prompt: Prompt, started: float, duration_s: float, error: CallFailed) -> Sample:
        self._in_a_row += 1
        self.failures.append(error)
        return Sample(prompt.id, started, duration_s, error=error.kind)

    def _tell(self, done: int, wanted: int) -> None:
        if time.monotonic() - self._spoken_at >= PROGRESS_EVERY_S:
            self._spoken_at = time.monotonic()
            again = "again, to confirm: " if len(self.runs) > 1 else ""
            self.progress(f"{self.name}: {again}{done} of {wanted} calls")
