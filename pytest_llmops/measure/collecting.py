"""Batch by batch: calls, asks ``judge``, calls again, as far as the measurement's share of the budget allows."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pytest_llmops.errors import BudgetSpent
from pytest_llmops.judge.looks import Collect, Done, Looks
from pytest_llmops.judge.schedule import MIN_N, WARM_UP
from pytest_llmops.measure.cold import reloaded
from pytest_llmops.measure.planning import warm_up_where_slow
from pytest_llmops.samples import metrics_of

if TYPE_CHECKING:
    from pytest_llmops.measure.asking import Asking
    from pytest_llmops.measure.planning import Allowance
    from pytest_llmops.measure.sampling import Sampler


class Collecting:
    """Makes a measurement's calls until there is a verdict, and every statistic has the values that it needs.

    Args:
        sampler: makes the calls.
        asking: what is asked of them.
        allowance: what they may cost.

    Attributes:
        ended: which budget allowed no more calls, and what to raise; empty where too many failed in a row.
    """

    def __init__(self, sampler: Sampler, asking: Asking, allowance: Allowance) -> None:
        self.sampler = sampler
        self.asking = asking
        self.allowance = allowance
        self.looks = Looks({}, asking.rule)
        self.ended = ""
        self._confirming = False

    def until_done(self) -> Done:
        """Make all calls, and give the verdicts.

        Raises:
            BudgetSpent: the budget left no call at all.
        """
        sampler = self.sampler
        kept = self._begin() if self._everyones else 0
        if not self._everyones and not any(sampler.own.runs):
            raise BudgetSpent(
                f"{sampler.name}: the run's budget leaves no call for it; "
                f"raise budget.requests, budget.tokens or budget.seconds, or select fewer tests."
            )
        first = self.asking.first(self.looks.start(slow=sampler.slow).calls, slow=sampler.slow)
        step = self._collect(first - kept)
        while isinstance(step, Collect):
            time.sleep(step.pause_s)
            self._confirming = self._confirming or step.fresh_run
            kept = self._begin() if step.fresh_run else 0
            step = self._collect(step.calls - kept)
        return step

    @property
    def _left(self) -> int:
        """Calls that can be paid: a second run may use the reserve."""
        return self.allowance.room(self.sampler, reserve=self._confirming).calls

    @property
    def _everyones(self) -> int:
        """Calls that can be paid with the shares of all measurements to come."""
        return self.allowance.room(self.sampler, reserve=False, everyones=True).calls

    @property
    def _over(self) -> bool:
        """Whether further calls are in vain: none are made any more, or the measurement is void already."""
        return self.sampler.stopped or any(reloaded(self.sampler.name, side.runs) for side in self.sampler.sides)

    @property
    def _warm_up(self) -> int:
        return warm_up_where_slow(self.asking.bench)

    def _begin(self) -> int:
        """Start a run; returns how many successes of its warm-up are kept."""
        with self._paying():
            self.sampler.begin(WARM_UP, self._warm_up)
        return sum(sample.ok for sample in self.sampler.own.runs[-1])

    def _paying(self) -> ExitStack:
        """Whatever a second run costs is paid out of the reserve."""
        stack = ExitStack()
        for purse in self.asking.bench.purses if self._confirming else ():
            stack.enter_context(purse.ledger.confirming())
        return stack

    def _make(self, calls: int) -> None:
        wanted = self.sampler.made + calls
        seconds = self.allowance.seconds(reserve=self._confirming)
        with self._paying():
            self.sampler.collect(min(calls, self._left), seconds)
        self._make_enough(min(wanted, MIN_N["typical"]) - self.sampler.made)

    def _make_enough(self, lacking: int) -> None:
        """What the share was too small for, though fewer calls could not be judged: out of the others' shares."""
        if lacking <= 0 or self.sampler.stopped or self._confirming:
            return
        self.sampler.collect(min(lacking, self._everyones), self.allowance.seconds(reserve=False, everyones=True))

    def _collect(self, calls: int) -> Collect | Done:
        """Make these calls, and ask what comes next; in the end also those that a statistic lacks."""
        self._make(calls)
        step = self._next()
        if isinstance(step, Done) and not self._over:
            lacking = self.asking.lacking(self.sampler)
            if lacking and self._left:
                self._make(lacking)
                step = self._next(last=True)
        return step

    def _next(self, *, last: bool = False) -> Collect | Done:
        """What ``judge`` says; ``last``: no further call is to be made."""
        sampler = self.sampler
        room = self.allowance.room(sampler, reserve=False)
        self.ended = "" if sampler.gave_up else room.ends
        runs, baselines = [metrics_of(sampler.name, run) for run in sampler.own.runs], self.asking.baselines()
        if last or self._over:
            return self.looks.after(runs, 0, 0, baselines=baselines)
        confirmable = self.allowance.room(sampler, reserve=True).calls - (self._warm_up if sampler.slow else WARM_UP)
        return self.looks.after(runs, room.calls, max(0, confirmable), baselines=baselines)
