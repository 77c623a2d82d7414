"""``measure``: timed calls until there is a verdict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import BudgetSpent, CallFailed, Unsupported
from pytest_llmops.judge.looks import WARM_UP, Collect, Looks, Rule
from pytest_llmops.measure.judging import Judging
from pytest_llmops.measure.results import Measurement
from pytest_llmops.measure.sampling import Sampler
from pytest_llmops.samples import Metric, Series, metrics_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.judge.looks import Done
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.samples import Prompt, Workload


def measure(name: str, call: Callable[[Prompt], Any], workload: Workload, bench: Bench) -> Measurement:
    """Time calls until every metric is decided or the budget ends.

    Args:
        name: of the measurement, with the test's params.
        call: makes one call for a prompt; raises ``CallFailed`` where it fails.
        workload: the prompts.
        bench: where this happens.

    Raises:
        BudgetSpent: the budget left no call at all.
        BaselineError: a baseline file is damaged.
        Unsupported: the call says that this system has no such thing.
        CallFailed: it says so now, and had it when a baseline was accepted (kind ``unsupported``).
    """
    rule = bench.target.table.baseline
    judging = Judging(name, bench, workload)
    sampler = Sampler(name, call, workload, bench.ledger, WARM_UP, bench.progress)
    looks = Looks({}, Rule(rule.threshold, rule.floor, rule.tau0))
    try:
        done = _collect(name, sampler, looks, judging, bench)
    except Unsupported as error:
        if not judging.known:
            raise
        said = f"{name} has a baseline, and can be measured no longer: {error}"
        raise CallFailed(bench.component, "unsupported", said) from None
    runs = [metrics_of(name, run) for run in sampler.runs]
    measurement = Measurement(name, [], [sample for run in sampler.runs for sample in run])
    for metric in _merged(runs):
        judging.time(measurement, metric, done.verdicts.get(metric.name), confirmed=len(runs) > 1)
        judging.record(measurement, [first for first in runs[0] if first.name == metric.name])
    judging.absent(measurement)
    judging.errors(measurement, sampler.failures, done.verdicts[f"{name}.error_rate"])
    return measurement


def _collect(name: str, sampler: Sampler, looks: Looks, judging: Judging, bench: Bench) -> Done:
    """Call, ask, call again, until ``judge`` has done and every threshold has the values that it needs."""

    def affordable(*, reserve: bool) -> int:
        return bench.affordable(sampler.seconds_a_call, sampler.tokens_a_call, reserve=reserve)

    step: Collect | Done = looks.start()
    while isinstance(step, Collect):
        calls = min(step.calls, affordable(reserve=step.fresh_run))
        if not calls and not sampler.runs:
            raise BudgetSpent(
                f"{name}: the run's budget leaves no call for it; "
                f"raise budget.requests, budget.tokens or budget.seconds, or select fewer tests."
            )
        time.sleep(step.pause_s)
        sampler.collect(calls, fresh_run=step.fresh_run)
        step = _next(looks, judging, sampler, affordable)
        if not isinstance(step, Collect) and not sampler.stopped:
            lacking = min(judging.lacking(sampler), affordable(reserve=False))
            if lacking > 0:
                sampler.collect(lacking, fresh_run=False)
                step = _next(looks, judging, sampler, None)
    return step


def _next(looks: Looks, judging: Judging, sampler: Sampler, affordable: Callable[..., int] | None) -> Collect | Done:
    """What ``judge`` says next; ``affordable`` None where no further call is to be made."""
    runs, baselines = [metrics_of(judging.name, run) for run in sampler.runs], judging.baselines()
    if affordable is None or sampler.stopped:
        return looks.after(runs, 0, 0, baselines=baselines)
    left, with_reserve = (max(0, affordable(reserve=reserve) - WARM_UP) for reserve in (False, True))
    return looks.after(runs, left, with_reserve, baselines=baselines)


def _merged(runs: list[list[Metric]]) -> list[Metric]:
    """Each metric with the values of all runs, for thresholds and for showing."""
    names = list(dict.fromkeys(metric.name for run in runs for metric in run))
    merged = []
    for name in names:
        parts = [metric for run in runs for metric in run if metric.name == name]
        series = Series(
            tuple(value for part in parts for value in part.series.values),
            tuple(prompt for part in parts for prompt in part.series.prompts),
            sum(part.series.failures for part in parts),
        )
        merged.append(Metric(name, parts[0].unit, series))
    return merged
