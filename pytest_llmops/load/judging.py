"""From what came back of a load run to results: thresholds, the baseline's rule, a second run to confirm."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed
from pytest_llmops.judge.estimate import statistic
from pytest_llmops.judge.looks import Collect, Done, Looks
from pytest_llmops.judge.recording import Recording as JudgeRecording
from pytest_llmops.judge.schedule import MIN_N
from pytest_llmops.judge.thresholds import Breach, no_limit, said, threshold_for
from pytest_llmops.load.samples import samples_of
from pytest_llmops.load.stopping import breaking_point
from pytest_llmops.measure.asking import OWN_DOING_S, WITHIN_THE_HOUR, Asking
from pytest_llmops.measure.judging import Judging
from pytest_llmops.measure.measuring import merged
from pytest_llmops.measure.once import NOTED
from pytest_llmops.measure.references import InTurns
from pytest_llmops.measure.results import Measurement, recorded
from pytest_llmops.measure.sampling import Side
from pytest_llmops.samples import Metric, Series, metrics_of, split_statistic
from pytest_llmops.target.thresholds import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.judge.looks import Rule
    from pytest_llmops.load.capacity import Capacity
    from pytest_llmops.load.joining import Course
    from pytest_llmops.load.plan import LoadPlan
    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.measure.references import Reference
    from pytest_llmops.measure.results import Result
    from pytest_llmops.samples import Workload
    from pytest_llmops.target.thresholds import Threshold

    Carry = Callable[[], LoadResult]

SHOWN = ("p95", "p99")
"""Statistics of the response time that are told of every load run, whether or not anything is asked of them."""

BESIDE = ("service", "delay")
"""Times beside the response, by thresholds alone: from when a call was sent, and by how much that was late."""

MOST = 3
"""Runs of a load at the most, until what gates is decided."""

JUDGED_OF = 5000
"""Calls of a run that are compared and kept as a baseline; of more, every n-th, in the order in which they were
due. Percentiles are told of all."""


def judged(
    plan: LoadPlan,
    bench: Bench,
    workload: Workload,
    carry: Carry,
    *,
    against: Carry | None = None,
    again: Callable[[], bool] = lambda: True,
) -> tuple[LoadResult, Measurement]:
    """Carry out a plan and judge what came back.

    What looks like a regression is carried out once more before it is one; and where a statistic that gates (the p95 of
    100 calls, most of all) is neither the same nor worse beyond doubt, it is carried out up to `MOST` times in all.

    Args:
        plan: what is sent.
        bench: where this happens.
        workload: its prompts, as part of what must be alike.
        carry: carries it out.
        against: carries out the same on the deployment that is compared with, if there is one: before.
        again: whether the budget leaves another run.

    Returns:
        The first run, and the results of all.

    Raises:
        BaselineError: a baseline file is damaged, or a point cannot be read.
    """
    there = against() if against else None
    results = [carry()]
    for result, whose in ((there, f"{bench.against}: "), (results[0], "")):
        if result is not None and (result.voids or not result.calls):
            return results[0], _void(result, whose)
    asking = _asking(plan, bench if results[0].whole else replace(bench, store=None), workload, there)
    looks = Looks({}, _rule(asking))
    step: Collect | Done = Collect(0)
    runs = [_metrics(results[0])]
    while True:
        more = len(runs) < MOST and again()
        step = looks.after(runs, 0, results[0].calls if more else 0, baselines=asking.baselines())
        if isinstance(step, Done) and not (more and _undecided(step, asking)):
            break
        results.append(carry())
        if results[-1].voids or not results[-1].whole:
            return results[0], _void(results[-1])
        runs.append(_metrics(results[-1]))
    measurement = Measurement(plan.name, [], [one for result in results for one in samples_of(result)])
    judging = Judging(asking, step, "", measurement, confirmed=len(runs) > 1)
    for metric in merged([metrics_of(plan.name, samples_of(result)) for result in results]):
        judging.time(metric)
    for metric in runs[0] if results[0].whole else ():
        judging.record(metric)
    judging.absent()
    judging.errors(_failures(results))
    _beside(results[0], measurement, asking.thresholds)
    return results[0], measurement


def _undecided(done: Done, asking: Asking) -> bool:
    """Whether a statistic that gates might be decided by another run: it can be told at all."""
    gating = [done.verdicts[name] for name in asking.compared if name in done.verdicts]
    return any(one.state == "inconclusive" and one.ratio is not None for one in gating)


def told_regression(name: str, measurement: Measurement, thresholds: Mapping[str, Threshold]) -> None:
    """By how many % the p95 is worse than that of the accepted runs, beyond doubt (95 %): as a metric of its own.

    None where the p95 was not compared.

    Args:
        name: of that metric.
        measurement: of the load, whose NAME.p95 gates.
        thresholds: of the target.
    """
    compared = [one for one in measurement.results if one.name == f"{measurement.name}.p95" and one.low is not None]
    for one in compared:
        at_least = max(0.0, 100 * ((one.low or 0.0) - 1))
        _tell(
            measurement,
            name,
            at_least,
            "%",
            thresholds,
            f"{one.name}: {one.ratio:.2f} times its baseline, by {one.n} calls",
        )


def judged_breaking(name: str, result: LoadResult, thresholds: Mapping[str, Threshold]) -> Measurement:
    """The rate at which a target broke under rising load, by its threshold.

    Args:
        name: of the metric, in calls a second.
        result: of the load.
        thresholds: of the target.
    """
    if result.voids or not result.calls:
        return _void(result)
    measurement, found = Measurement(name, [], samples_of(result)), breaking_point(result)
    if found is None:
        measurement.voids.append(f"{name}: it was {result.ended}, and so says nothing of where it breaks")
    else:
        _tell(measurement, name, found.rate, "1/s", thresholds, str(found))
    return measurement


def judged_capacity(name: str, found: Capacity, bench: Bench, workload: Workload) -> Measurement:
    """The result of a search: by its threshold, and against the accepted runs or a number of the team's own.

    It is kept as the seconds that one call takes at that rate, as all rates are; in front of it stands the rate.

    Args:
        name: of the metric, in calls a second.
        found: what the search came to.
        bench: where it happened.
        workload: what was sent, as part of what must be alike.

    Raises:
        BaselineError: a baseline file is damaged, or a point cannot be read.
    """
    asking, measurement = Asking(name, bench, workload), Measurement(name, [], [])
    result, broken = recorded(name, found.rate, "1/s", asking.thresholds, of=str(found))
    if not found.rate and broken is None:
        broken = Breach("normal", "> 0 1/s", f"{name}: {found}", fails=True)
    measurement.breaches += [broken] if broken else []
    reference = asking.find(name)
    if reference is not None and found.rate:
        result = _against(result, found, reference, bench.target.table.baseline.threshold)
        measurement.notes += [result.state] if result.state in NOTED else []
        if result.state == "regression":
            measurement.regressions.append(f"{name}: {result.reason}")
    measurement.results.append(result)
    if found.rate and bench.store is not None:
        metric = Metric(name, "s", Series((1 / found.rate,), ("capacity",)))
        measurement.recordings.append(JudgeRecording(bench.check, metric, asking.fingerprint, bench.beside))
    return measurement


def told_beside(result: LoadResult, thresholds: Mapping[str, Threshold]) -> list[Result]:
    """What calls took at the highest rate that held, by each statistic that is an objective; nothing judges it again.

    Args:
        result: of the run at that rate.
        thresholds: of the target.
    """
    name, found = result.plan.name, []
    for part in ("response", "ttft", "tpot"):
        metric = name if part == "response" else f"{name}.{part}"
        values = [float(value) for value in result.times(part)]
        for one in thresholds:
            named, which = split_statistic(one)
            if named == metric and len(values) >= (1 if which == "typical" else MIN_N[which]):
                of = f"at {result.plan.rate:.3g} calls/s"
                found.append(recorded(one, statistic(values, which), "s", {}, of=of)[0])
    return found


def _against(result: Result, found: Capacity, reference: Reference, threshold: float) -> Result:
    """A capacity beside what it is compared with: both sides of the border were asked more than once."""
    seconds = reference.value("p50")
    if seconds is None:
        return replace(result, state="not-comparable" if reference.differs else "no-baseline", reason=result.reason)
    before = 1 / seconds
    ratio = before / found.rate
    state = "regression" if ratio > threshold else "improvement" if ratio < 1 / threshold else "ok"
    unsure = found.ended == "out of probes" or (found.ended == "at the cap" and state == "regression")
    than = f"{said(before, '1/s')} by {reference.words}"
    reason = f"{found}; {than}"
    if unsure and state != "ok":
        return replace(result, baseline=before, ratio=ratio, state="inconclusive", suspect=ratio > 1, reason=reason)
    return replace(result, baseline=before, ratio=ratio, state=state, reason=reason)


def _asking(plan: LoadPlan, bench: Bench, workload: Workload, there: LoadResult | None) -> Asking:
    if there is None:
        return Asking(plan.name, bench, workload)
    side = Side(_never, runs=[samples_of(there)], failures=_failures([there]))
    asking = Asking(plan.name, bench, workload, side)
    asking.references = InTurns(plan.name, bench, side, "under the same load before")
    return asking


def _rule(asking: Asking) -> Rule:
    """As of accepted runs; two within the hour spread less, and what else the machine did is known of neither."""
    if asking.twin is None:
        return asking.rule
    tau0, floor = min(asking.rule.tau0, WITHIN_THE_HOUR), max(asking.rule.floor, OWN_DOING_S)
    return replace(asking.rule, design="stored", tau0=tau0, floor=floor)


def _never(_prompt: object) -> None:
    raise AssertionError("load is sent by processes of its own")


def objectives(name: str, thresholds: Mapping[str, Threshold]) -> dict[str, float]:
    """What a call is to keep, in seconds by part: the strictest target of any statistic of it, else its warning.

    Args:
        name: of the load run.
        thresholds: of the target.
    """
    found: dict[str, float] = {}
    for part in ("response", "ttft", "tpot"):
        metric = name if part == "response" else f"{name}.{part}"
        named = [one for one in thresholds if split_statistic(one)[0] == metric]
        for threshold in (threshold_for(one, thresholds) for one in named or [metric]):
            limits = [getattr(threshold, level) for level in LEVELS] if threshold else []
            first = next((one for one in limits if one is not None and one.unit == "s"), None)
            if first is not None:
                found[part] = min(found.get(part, float("inf")), float(first.value))
    return found


def _metrics(result: LoadResult) -> list[Metric]:
    """What is compared of a run."""
    samples = samples_of(result)
    step = -(-len(samples) // JUDGED_OF)
    return metrics_of(result.plan.name, samples[:: max(1, step)])


def _failures(results: Sequence[LoadResult]) -> list[CallFailed]:
    return [CallFailed("", kind, said) for result in results for kind, said in result.recording.said.items()]


def _beside(result: LoadResult, measurement: Measurement, thresholds: Mapping[str, Threshold]) -> None:
    """What is told beside the metrics that are compared: further statistics, the rate, the goodput."""
    name, known = result.plan.name, {one.name for one in measurement.results}
    told: dict[str, tuple[float, str]] = {}
    for part in ("response", *BESIDE):
        metric = name if part == "response" else f"{name}.{part}"
        asked = [split_statistic(one)[1] for one in thresholds if split_statistic(one)[0] == metric]
        values = [float(value) for value in result.times(part)]
        for which in dict.fromkeys(("typical", *SHOWN, *asked)):
            if len(values) >= (1 if which == "typical" else MIN_N[which]):
                told[metric if which == "typical" else f"{metric}.{which}"] = statistic(values, which), "s"
    told[f"{name}.rate"] = result.rate, "1/s"
    if limits := objectives(name, thresholds):
        told[f"{name}.goodput"] = result.goodput(limits), ""
    for metric, (value, unit) in told.items():
        if metric not in known:
            free = metric == f"{name}.p95" and not limits and threshold_for(metric, thresholds) is None
            _tell(measurement, metric, value, unit, thresholds, no_limit(metric, 'target = "< 3 s"') if free else "")
    for course in result.beside.values():
        _courses(f"{name}.{course.name}", course, measurement, thresholds)


def _courses(metric: str, course: Course, measurement: Measurement, thresholds: Mapping[str, Threshold]) -> None:
    """A figure that was looked at meanwhile; of too few looks for a rise that a threshold judges it is unsound."""
    _tell(measurement, f"{metric}_mean", course.mean, course.unit, thresholds, str(course))
    _tell(measurement, f"{metric}_peak", course.peak, course.unit, thresholds, str(course))
    if course.rise is not None:
        _tell(measurement, f"{metric}_rise", course.rise, f"{course.unit}/min".strip("/"), thresholds, str(course))
    elif threshold_for(f"{metric}_rise", thresholds):
        measurement.voids.append(f"{metric}_rise: {len(course.points)} looks are too few to say whether it rises")


def _tell(
    measurement: Measurement, metric: str, value: float, unit: str, thresholds: Mapping[str, Threshold], of: str = ""
) -> None:
    found, broken = recorded(metric, value, unit, thresholds, of=of)
    measurement.results.append(found)
    measurement.breaches += [broken] if broken else []


def _void(result: LoadResult, whose: str = "") -> Measurement:
    """Of a run that measured its generator, or nothing at all: what it told, and why none of it counts."""
    name = result.plan.name
    reasons = result.voids or [f"{name}: no call was over ({result.ended})"]
    measurement = Measurement(name, [], samples_of(result))
    for metric in metrics_of(name, measurement.samples):
        if metric.series.values:
            told, _ = recorded(metric.name, statistic(metric.series.values, "typical"), metric.unit, {})
            told = replace(told, n=len(metric.series.values), state="void", reason="; ".join(reasons))
            measurement.results.append(told)
    measurement.voids = [whose + (reason if reason.startswith(name) else f"{name}: {reason}") for reason in reasons]
    return measurement
