"""Looks for the highest rate that a target carries, try by try, and has it judged and drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llmops.load.capacity import holds, search
from pytest_llmops.load.judging import judged_capacity, told_beside
from pytest_llmops.load.plan import Stage
from pytest_llmops.plugin.load_carrying import asked
from pytest_llmops.plugin.sentences import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.load.capacity import Capacity
    from pytest_llmops.load.plan import Request
    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.plugin.load_carrying import Carrying
    from pytest_llmops.plugin.this_test import ThisTest


@dataclass
class LoadSearch:
    """One search.

    Attributes:
        test: whose.
        carrying: its load runs.
        name: of the load's metrics.
        limits: what a call has to keep, in seconds by part.
        good: share of the calls that have to.
        seconds: how long each rate is tried.
        requests: what is asked.
        how: how it is sent.
        tried: what came of each try.
    """

    test: ThisTest
    carrying: Carrying
    name: str
    limits: Mapping[str, float]
    good: float
    seconds: float
    requests: tuple[Request, ...]
    how: dict[str, Any]
    tried: list[tuple[LoadResult, bool]] = field(default_factory=list)

    def found(self, start: float, most: float, *, check: bool) -> Capacity:
        """The highest rate that holds, judged.

        Args:
            start: calls a second that are tried first.
            most: that are never exceeded.
            check: whether a threshold that does not hold, or a regression, fails the test.

        Raises:
            Failed: a try says nothing of its target, or the search fails the test.
        """
        run = self.test.run
        found = search(self._holds, min(start, most), cap=most)
        results = [result for result, _ in self.tried]
        plan = results[0].plan
        searched = f"capacity search, {self.seconds:g} s a rate, {100 * self.good:g} % within {self.limits}"
        bench = self.carrying.bench(plan, searched)
        bench = bench if run.twin is None else replace(bench, store=None)
        measurement = judged_capacity(f"{self.name}.capacity", found, bench, asked(plan))
        carried = [result for result, held in self.tried if held]
        if carried:
            most_carried = max(carried, key=lambda result: result.plan.rate)
            measurement.results += told_beside(most_carried, run.target.table.thresholds)
        self.carrying.drawing.rates(self.name, results)
        self.carrying.measure.conclude(measurement, check=check)
        return found

    def _holds(self, rate: float) -> bool:
        side = self.carrying.side(self.requests)
        plan = side.plan(self.name, {"stages": (Stage(seconds=self.seconds, rate=rate),), **self.how})
        result = self.carrying.carried(side, plan)
        if result.voids:
            unsound = "; ".join(f"at {rate:.3g} calls/s {reason}" for reason in result.voids)
            raise Failed(f"{self.name}: {unsound}", "void")
        held = holds(result, self.limits, self.good)
        self.tried.append((result, held))
        self.test.run.say(f"{self.name}: {rate:.3g} calls/s {'hold' if held else 'do not hold'}")
        return held
