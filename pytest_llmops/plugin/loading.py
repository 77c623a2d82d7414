"""``load_run`` as tests see it: it fails the test itself, as ``measure`` does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import Unsupported
from pytest_llmops.load.capacity import GOOD
from pytest_llmops.load.judging import objectives
from pytest_llmops.load.plan import Stage
from pytest_llmops.load.shaping import arriving, beyond
from pytest_llmops.plugin.load_carrying import Carrying
from pytest_llmops.plugin.load_requests import LoadRequests
from pytest_llmops.plugin.load_search import LoadSearch
from pytest_llmops.target.loads import Stops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.load.capacity import Capacity
    from pytest_llmops.load.plan import Request
    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.plugin.this_test import ThisTest
    from pytest_llmops.samples import Workload


class LoadRun:
    """Callable of one test; see the fixture.

    Args:
        test: which.
    """

    def __init__(self, test: ThisTest) -> None:
        self._test = test
        self._requests = LoadRequests(test)
        self._carrying = Carrying(test, self._requests)

    @property
    def problems(self) -> list[str]:
        """What of the last run fails a test, a sentence each, also with ``check`` off."""
        return self._carrying.problems

    def __call__(
        self,
        name: str,
        client: Any = None,
        *,
        prompts: Workload | None = None,
        mix: Sequence[Request] = (),
        workload: str = "",
        shape: str = "",
        rate: float | None = None,
        seconds: float | None = None,
        stages: Sequence[Stage] = (),
        concurrency: int | None = None,
        calls: int | None = None,
        beside: Sequence[str] = (),
        regression: str = "",
        past_limit: bool = False,
        check: bool = True,
        **how: Any,
    ) -> LoadResult:
        """Send load to a component, and judge what comes back.

        Args:
            name: of the response time's metric; a parametrized test's params are added.
            client: who is called, unless there is a mix or a workload.
            prompts: what is asked; the target's own prompts by default.
            mix: requests of several kinds, in place of ``client``.
            workload: the name of one in the target's ``load.workloads``, in place of ``client``.
            shape: the name of one in the target's ``load.shapes``; with ``rate`` as what its stages are times of.
            rate: open loop: calls a second, for ``seconds``.
            seconds: how long calls begin.
            stages: open loop: rates that change, in place of ``rate``.
            concurrency: closed loop: so many at a time, for ``seconds`` or until ``calls`` were made.
            calls: see there.
            beside: figures of the target that are looked at meanwhile: each is told as NAME.FIGURE_mean, ``_peak`` and
                ``_rise`` (a minute, beyond doubt), judged by thresholds of these names, and drawn below the calls.
            regression: name of one more metric: by how many % the p95 is worse than that of the accepted runs, beyond
                doubt. There is none where there is nothing to compare with.
            past_limit: whether it is meant to go beyond the component's own rate limit; of a disruptive test alone.
            check: whether a threshold that does not hold, a regression, or an unsound run fails the test.
            how: what is asked: ``route``, ``embed``, ``words``, ``model``, ``max_tokens``, ``stream``; and how it is
                sent (`SENT`).

        Returns:
            What came of it, also when ``check`` is off.

        Raises:
            BudgetSpent: it is more than the target's caps allow, than is left of the run's budget, or than the
                target's own limit lets pass.
            ConfigError, Unsupported, CallFailed: as of :func:`pytest_llmops.load.requests.request_for`; also for a
                workload or a shape that the target does not have.
            LlmopsError: this test has measured that name already, or no generator came up.
            TypeError: neither an open nor a closed loop was asked for.
        """
        name = self._carrying.measure.full(name)
        if shape:
            sent = arriving(self._test.run.target, shape, rate)
        elif concurrency is not None:
            sent = {"arrivals": "closed", "concurrency": concurrency, "calls": calls, "seconds": seconds}
        elif stages or (rate and seconds):
            sent = {"stages": tuple(stages) or (Stage(seconds=seconds, rate=rate),)}
        else:
            raise TypeError(f"load_run({name!r}) takes a shape, or rate and seconds, or stages, or concurrency")
        requests, given = self._requests.of(client, prompts, mix, workload, how)
        self._carrying.may_send(name, past_limit=past_limit)
        return self._carrying.out(
            name,
            requests,
            {**sent, **given},
            beside=tuple(beside),
            regression=regression,
            check=check,
            past_limit=past_limit,
        )

    def beyond_limit(self, name: str, client: Any, *, after: bool = True, **how: Any) -> LoadResult:
        """Send more than a component's own limit lets pass, wait until it has passed, and send a few more.

        The result has three stages: the burst, the wait, and the calls after it. Refusals are what is asked for, so no
        error rate ends it or fails the test. Of a disruptive test alone.

        Args:
            name: as of a load run.
            client: who is called.
            after: whether it waits and sends those few more; else the burst is all.
            how: as of a load run.

        Raises:
            Unsupported: the component has no limit of its own.
            BudgetSpent: waiting for it takes longer than the run's budget leaves.
        """
        run = self._test.run
        limit = run.target.component(client.component).rate_limit
        if limit is None:
            raise Unsupported(f"{client.component} has no rate_limit: nothing says how many calls are too many.")
        stages = beyond(limit, run.target.table.load.rate_cap, run.target.table.faster)[: None if after else 1]
        stops = Stops(error_rate=1.0, least=10**9)
        how = {"arrivals": "constant", **how}
        return self(name, client, stages=stages, stops=stops, past_limit=True, check=False, **how)

    def until_it_breaks(
        self,
        name: str,
        client: Any = None,
        *,
        shape: str = "stress",
        rate: float | None = None,
        prompts: Workload | None = None,
        mix: Sequence[Request] = (),
        workload: str = "",
        check: bool = True,
        **how: Any,
    ) -> LoadResult:
        """Send rising load until the shape's rule of giving up ends it: that is the result, and no failure.

        NAME.breaking_point is the rate in calls a second at which it broke: that at which those of the last calls were
        due that took too long or failed. Where it did not break it is the highest rate of the shape: at least so much.

        Args:
            name: of the metric; a parametrized test's params are added.
            client: who is called, unless there is a mix or a workload.
            shape: the name of one in the target's ``load.shapes``, with stages.
            rate: as of a load run.
            prompts: likewise.
            mix: likewise.
            workload: likewise.
            check: whether a threshold of NAME.breaking_point that does not hold fails the test.
            how: as of a load run.

        Raises:
            BudgetSpent, ConfigError, Unsupported, CallFailed, LlmopsError: as of a load run.
        """
        name = self._carrying.measure.full(name)
        requests, given = self._requests.of(client, prompts, mix, workload, how)
        self._carrying.may_send(name)
        sent = {**arriving(self._test.run.target, shape, rate), **given}
        return self._carrying.broken(name, requests, sent, check=check)

    def capacity(
        self,
        name: str,
        client: Any = None,
        *,
        start: float,
        shape: str = "",
        seconds: float = 10.0,
        cap: float | None = None,
        good: float = GOOD,
        prompts: Workload | None = None,
        mix: Sequence[Request] = (),
        workload: str = "",
        check: bool = True,
        **how: Any,
    ) -> Capacity:
        """Find the highest rate that the target carries within its objectives, and judge it.

        The objectives are the thresholds of NAME: of its response time, its ``.ttft`` and its ``.tpot``, the strictest
        of each. At a rate that holds, the share ``good`` of all calls keeps them, and calls do not pile up.

        Args:
            name: of the metric NAME.capacity, in calls a second; a parametrized test's params are added.
            client: who is called, unless there is a mix or a workload.
            start: calls a second that are tried first.
            shape: the name of one in the target's ``load.shapes``: each rate is tried for as long as that lasts.
            seconds: how long each rate is tried, where no shape is named.
            cap: calls a second that are never exceeded; the target's ``load.rate_cap`` by default, and at the most.
            good: share of calls that have to keep the objectives.
            prompts: as of a load run.
            mix: likewise.
            workload: likewise.
            how: likewise.
            check: whether a threshold of NAME.capacity that does not hold, or a regression, fails the test.

        Raises:
            Unsupported: the target has no objectives of that name.
            BudgetSpent, ConfigError, CallFailed, LlmopsError: as of a load run.
        """
        name = self._carrying.measure.full(name)
        target = self._test.run.target
        limits = objectives(name, target.table.thresholds)
        if not limits:
            raise Unsupported(
                f'{name}: nothing says what a call has to keep; give thresholds."{name}.p95" a target, such as "< 5 s".'
            )
        requests, given = self._requests.of(client, prompts, mix, workload, how)
        self._carrying.may_send(name)
        if shape:
            sent = arriving(target, shape, start)
            seconds, given = sum(stage.seconds for stage in sent.pop("stages")), {**sent, **given}
        search = LoadSearch(self._test, self._carrying, name, limits, good, seconds, requests, given)
        return search.found(start, min(cap or math.inf, target.table.load.rate_cap), check=check)

    def request(self, client: Any, *, prompts: Workload | None = None, **how: Any) -> Request:
        """One kind of call of a ``mix``, with ``name`` and ``weight``; see ``load/requests.py``.

        Args:
            client: who is called.
            prompts: the workload; the target's own by default.
            how: see there.
        """
        return self._requests.one(client, prompts, how)
