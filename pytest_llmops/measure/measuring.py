"""``measure``: timed calls until there is a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.measure.asking import Asking
from pytest_llmops.measure.collecting import Collecting
from pytest_llmops.measure.judging import Judging
from pytest_llmops.measure.planning import Allowance
from pytest_llmops.measure.results import Measurement
from pytest_llmops.measure.sampling import Sampler, Side
from pytest_llmops.measure.soundness import void_where_unsound
from pytest_llmops.measure.streams import qualify
from pytest_llmops.samples import Metric, Series, cold_load_of, metrics_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.samples import Prompt, Workload


def measure(name: str, call: Callable[[Prompt], Any], workload: Workload, bench: Bench) -> Measurement:
    """Time calls until every metric is decided or the measurement's share of the budget ends.

    Args:
        name: of the measurement, with the test's params.
        call: makes one call for a prompt; raises ``CallFailed`` where it fails.
        workload: the prompts.
        bench: where this happens.

    Raises:
        BudgetSpent: the budget left no call at all.
        BaselineError: a baseline file is damaged, or a point cannot be read.
        Unsupported: the call says that this system has no such thing.
        CallFailed: it says so now, and had it when a baseline was accepted (kind ``unsupported``).
    """
    twin = Side(bench.twin, bench.purse.ledger if bench.purse else None) if bench.twin else None
    asking = Asking(name, bench, workload, twin)
    sampler = Sampler(name, Side(call), workload, bench.ledger, bench.progress, twin)
    collecting = Collecting(sampler, asking, Allowance(bench))
    try:
        done = collecting.until_done()
    except Unsupported as error:
        if not asking.references.known:
            raise
        said = f"{name} has a baseline, and can be measured no longer: {error}"
        raise CallFailed(bench.component, "unsupported", said) from None
    runs = [metrics_of(name, run) for run in sampler.own.runs]
    measurement = Measurement(name, [], [sample for run in sampler.own.runs for sample in run])
    judging = Judging(asking, done, collecting.ended, measurement, confirmed=len(runs) > 1)
    for metric in merged(runs):
        judging.time(metric)
    for metric in runs[0]:
        judging.record(metric)
    void_where_unsound(measurement, sampler.sides)
    if cold := cold_load_of(name, [*sampler.own.warmed, *measurement.samples]):
        judging.time(cold)
    judging.absent()
    qualify(measurement)
    judging.errors(sampler.own.failures)
    return measurement


def merged(runs: list[list[Metric]]) -> list[Metric]:
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
