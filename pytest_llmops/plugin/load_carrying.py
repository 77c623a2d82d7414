"""Carries out the load of one test, here and on the deployment that is compared with, and has it judged and drawn."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.load.judging import judged, judged_breaking, told_regression
from pytest_llmops.load.result import INTERRUPTED
from pytest_llmops.plugin.drawing import Drawing
from pytest_llmops.plugin.keys import no_load_beside
from pytest_llmops.plugin.measuring import Measure
from pytest_llmops.plugin.sending import Sending
from pytest_llmops.samples import Prompt, Workload

if TYPE_CHECKING:
    from pytest_llmops.load.plan import LoadPlan, Request
    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.plugin.deployment import Deployment
    from pytest_llmops.plugin.load_requests import LoadRequests
    from pytest_llmops.plugin.this_test import ThisTest


class Carrying:
    """The load runs of one test.

    Args:
        test: which.
        requests: what it asks.

    Attributes:
        measure: names, benches and conclusions of this test.
        drawing: its pictures.
        problems: what of the last run fails a test, a sentence each, whether or not it does.
    """

    def __init__(self, test: ThisTest, requests: LoadRequests) -> None:
        self.measure = Measure(test)
        self.drawing = Drawing(test)
        self.problems: list[str] = []
        self._run = test.run
        self._check = test.check
        self._requests = requests

    def may_send(self, name: str, *, past_limit: bool = False) -> None:
        """Whether keys were asked for where load needs them.

        Raises:
            LlmopsError: they were not, or there is none for the deployment that is compared with.
        """
        twin = self._run.twin
        if beside := no_load_beside(self._run.declared, twin.declared if twin else None):
            raise LlmopsError(f"{name}: {beside}.")
        production = self._run.target.table.environment == "production"
        if not self._check.disruptive and (past_limit or production):
            why = "goes beyond a rate limit" if past_limit else "puts load on a target in production"
            raise LlmopsError(f"{name}: only a test that was disruptive when tests were selected {why}.")

    def out(
        self,
        name: str,
        requests: tuple[Request, ...],
        how: dict[str, Any],
        *,
        beside: tuple[str, ...] = (),
        regression: str = "",
        check: bool,
        past_limit: bool = False,
    ) -> LoadResult:
        """Carry out a load, and judge what comes back; arguments as of ``load_run``.

        What goes beyond a limit goes to the target alone, for it alone has the keys.
        """
        own, other = self.side(requests, beside), None if past_limit else self._other_side(requests)
        plan = own.plan(name, how, past_limit=past_limit)
        bench = self.bench(plan, plan.shape)
        bench = bench if self._run.twin is None else replace(bench, store=None)
        against = None
        if other is not None:
            theirs = other.plan(name, how)
            bench = replace(bench, against=other.deployment.said)
            against = partial(self.carried, other, theirs)
        carry, again = partial(self.carried, own, plan), partial(own.leaves_another, plan)
        result, measurement = judged(plan, bench, asked(plan), carry, against=against, again=again)
        if regression:
            told_regression(regression, measurement, self._run.target.table.thresholds)
        if not result.whole:
            measurement.voids += [f"{name} was {result.ended}, after {result.calls} calls, kept in {result.file}"]
        self.drawing.over_time(result)
        self.problems = [*measurement.problems, *measurement.voids]
        self.measure.conclude(measurement, check=check)
        return result

    def broken(self, name: str, requests: tuple[Request, ...], how: dict[str, Any], *, check: bool) -> LoadResult:
        """Carry out rising load until its rule ends it, and judge the rate at which that was."""
        side = self.side(requests)
        result = self.carried(side, side.plan(name, how))
        measurement = judged_breaking(f"{name}.breaking_point", result, self._run.target.table.thresholds)
        self.drawing.over_time(result)
        self.problems = [*measurement.problems, *measurement.voids]
        self.measure.conclude(measurement, check=check)
        return result

    def carried(self, side: Sending, plan: LoadPlan) -> LoadResult:
        """What came of a plan.

        Raises:
            KeyboardInterrupt: it was interrupted; what came back until then is kept, and where is said.
        """
        result = side.carry(plan)
        if result.ended == INTERRUPTED:
            self._run.say(f"{plan.name}: interrupted after {result.calls} calls; they are kept in {result.file}")
            raise KeyboardInterrupt
        return result

    def bench(self, plan: LoadPlan, load: str) -> Bench:
        """Where it happens; its calls have a way of arriving of their own."""
        return replace(self.measure.bench(self._run.own.client(plan.components[0])), load=load)

    def side(self, requests: tuple[Request, ...], beside: tuple[str, ...] = ()) -> Sending:
        """This deployment, asked these."""
        return self._sending(self._run.own, requests, beside)

    def _other_side(self, requests: tuple[Request, ...]) -> Sending | None:
        """The same on the deployment that is compared with; None without one."""
        twin = self._run.twin
        return self._sending(twin, self._requests.on(twin, requests)) if twin else None

    def _sending(self, deployment: Deployment, requests: tuple[Request, ...], beside: tuple[str, ...] = ()) -> Sending:
        figures = self._run.figures if beside else None
        return Sending(deployment, requests, self._run.say, self._run.report_folder, figures, beside)


def asked(plan: LoadPlan) -> Workload:
    """All prompts of a plan, as part of what must be alike."""
    return Workload(tuple(Prompt(one.id, one.text) for request in plan.requests for one in request.prompts))
