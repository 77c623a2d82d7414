"""Makes timed calls, batch by batch, and keeps what each one did."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.http import purpose
from pytest_llmops.errors import BudgetSpent, CallFailed
from pytest_llmops.judge.schedule import LONG_CALL_S
from pytest_llmops.measure.client_share import OwnTime
from pytest_llmops.samples import Prompt, Sample, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmops.samples import Workload
    from pytest_llmops.state.ledger import Ledger

GIVE_UP_AFTER = 5
"""Failures in a row after which no more calls are made: the error rate has spoken."""

PROGRESS_EVERY_S = 5.0


@dataclass
class Side:
    """One deployment that is called.

    Attributes:
        call: makes one call for a prompt.
        ledger: where wall time is entered too, if it has a budget of its own.
        runs: the samples of each run, in time order, warm-up dropped.
        warmed: the successes of the warm-ups.
        failures: the words of each failure.
        in_a_row: failures since the last success.
    """

    call: Callable[[Prompt], Any]
    ledger: Ledger | None = None
    runs: list[list[Sample]] = field(default_factory=list)
    warmed: list[Sample] = field(default_factory=list)
    failures: list[CallFailed] = field(default_factory=list)
    in_a_row: int = 0

    @property
    def tokens_a_call(self) -> float:
        """Mean generated tokens of the calls so far, warm-up where there is nothing else, by the server's count."""
        samples = [sample for run in self.runs for sample in run] or self.warmed
        counts = [sample.stream.tokens_out or 0 for sample in samples]
        return sum(counts) / len(counts) if counts else 0.0

    def once(self, prompt: Prompt) -> Sample:
        """Make one call; a failure is a sample too."""
        own, started, start = OwnTime(), time.time(), time.perf_counter()
        result, error = None, None
        try:
            result = self.call(prompt)
        except CallFailed as failed:
            error = failed
        duration_s = time.perf_counter() - start
        spent = own.taken()
        if kind := getattr(result, "failure", ""):  # a 200 is not a success: blocked, empty, an error status
            error = CallFailed("", kind, f"the answer to {prompt.id} was {kind}")
        if error:
            self.in_a_row += 1
            self.failures.append(error)
            return Sample(prompt.id, started, duration_s, Stream(), error.kind, *spent)
        self.in_a_row = 0
        stream = getattr(result, "stream", None)
        return Sample(prompt.id, started, duration_s, stream if isinstance(stream, Stream) else Stream(), None, *spent)


@dataclass
class Sampler:
    """One workload's calls in one run of the tests.

    Attributes:
        name: of the measurement, for progress and the ledger.
        own: the target.
        workload: prompts, sent round and round.
        ledger: where wall time is entered.
        progress: told a line now and then.
        twin: the deployment that is called in turns with the target, if there is one.
        rounds: calls of each side so far, warm-up included.
        slow: whether a call of the last warm-up took more than ``LONG_CALL_S``, even the quickest.
    """

    name: str
    own: Side
    workload: Workload
    ledger: Ledger
    progress: Callable[[str], None]
    twin: Side | None = None

    def __post_init__(self) -> None:
        self._rounds: Iterator[Prompt] = self.workload.rounds()
        self._order = Random(self.name)  # noqa: S311 (fairness, no secrets)
        self.rounds = 0
        self.slow = False
        self._spent = False
        self._spoken_at = time.monotonic()

    @property
    def sides(self) -> list[Side]:
        """The target, and its twin if there is one."""
        return [self.own, self.twin] if self.twin else [self.own]

    @property
    def stopped(self) -> bool:
        """Whether no more calls are made: too many failed in a row, or the budget ended."""
        return self._spent or self.gave_up

    @property
    def gave_up(self) -> bool:
        """Whether too many failed in a row."""
        return any(side.in_a_row >= GIVE_UP_AFTER for side in self.sides)

    @property
    def made(self) -> int:
        """Calls of the present run that are kept; 0 before the first."""
        return len(self.own.runs[-1]) if self.own.runs else 0

    @property
    def seconds_a_call(self) -> float:
        """Mean wall time of a call of each side, warm-up where there is nothing else; 0 before the first."""
        means = []
        for side in self.sides:
            samples = [sample for run in side.runs for sample in run]
            means.append(sum(one.duration_s for one in samples) / len(samples) if samples else 0.0)
        warmed = [one.duration_s for side in self.sides for one in side.warmed]
        if not all(means) and warmed:
            return min(warmed) * len(self.sides)
        return sum(means)

    @property
    def tokens_a_call(self) -> float:
        """Mean generated tokens of a call, of the side that generates more."""
        return max(side.tokens_a_call for side in self.sides)

    def begin(self, warm_up: int, slow_warm_up: int | None = None) -> None:
        """Start a run: the workload from its beginning, and calls whose successes are dropped; a failure counts.

        Args:
            warm_up: how many calls of each side.
            slow_warm_up: how many where a call takes more than ``LONG_CALL_S``; the same by default. It takes a call
                to know: of none to be dropped the first is kept.
        """
        wanted_if_slow = warm_up if slow_warm_up is None else slow_warm_up
        self._rounds = self.workload.rounds()
        for side in self.sides:
            side.runs.append([])
        quickest, made, asked = 0.0, 0, self.workload.rounds()
        with self._charged():
            while made < (wanted_if_slow if self.slow else warm_up):
                pairs = self._round(next(asked))
                made += 1
                if all(sample.ok and not sample.cold for _, sample in pairs):
                    longest = max(sample.duration_s for _, sample in pairs)
                    quickest = min(quickest or longest, longest)
                self.slow = quickest > LONG_CALL_S
                kept = self.slow and not wanted_if_slow
                for side, sample in pairs:
                    (side.warmed if sample.ok and not kept else side.runs[-1]).append(sample)
                if kept:
                    self._rounds = asked  # its first prompts have been asked

    def collect(self, calls: int, within_s: float = math.inf) -> None:
        """Make so many more calls of each side, in random order within each pair; fewer where time runs out."""
        wanted = self.made + calls
        with self._charged() as left_s:
            started = time.monotonic()
            taken_s = 0.0
            while self.made < wanted and not self.stopped and taken_s <= within_s:
                for side, sample in self._round(next(self._rounds)):
                    side.runs[-1].append(sample)
                self._tell(self.made, wanted)
                taken_s = time.monotonic() - started
                self._spent = taken_s > left_s

    def _round(self, prompt: Prompt) -> list[tuple[Side, Sample]]:
        """One call of each side, in random order."""
        self.rounds += 1
        return [(side, side.once(prompt)) for side in self._turns()]

    def _turns(self) -> list[Side]:
        return self._order.sample(self.sides, len(self.sides))

    @contextmanager
    def _charged(self) -> Iterator[float]:
        """Enter the time in each ledger; yields the seconds left. A spent budget ends calling, not the run."""
        started = time.monotonic()
        ledgers = {ledger.path: ledger for ledger in (self.ledger, *(side.ledger for side in self.sides)) if ledger}
        try:
            with purpose("measure"):
                yield min(ledger.budget.seconds - ledger.spent().seconds for ledger in ledgers.values())
        except BudgetSpent:
            if not any(self.own.runs):
                raise
            self._spent = True  # what there is, is judged
        finally:
            taken_s = time.monotonic() - started
            for ledger in ledgers.values():
                ledger.charge(f"measure:{self.name}", seconds=taken_s)

    def _tell(self, done: int, wanted: int) -> None:
        if time.monotonic() - self._spoken_at >= PROGRESS_EVERY_S:
            self._spoken_at = time.monotonic()
            again = "again, to confirm: " if len(self.own.runs) > 1 else ""
            self.progress(f"{self.name}: {again}{done} of {wanted} calls{' of each side' if self.twin else ''}")
