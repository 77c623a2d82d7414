"""``measure``: timed calls until there is a verdict, then thresholds, then what to say."""

from __future__ import annotations

import math
import platform
import time
from dataclasses import dataclass, field
from os import cpu_count
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import BudgetSpent
from pytest_llmops.judge.estimate import statistic
from pytest_llmops.judge.looks import WARM_UP, Collect, Looks, Rule
from pytest_llmops.judge.recording import Recording
from pytest_llmops.judge.thresholds import fits, said
from pytest_llmops.judge.verdict import MIN_N
from pytest_llmops.measure.results import Comparison, Measurement, Result, judged_value
from pytest_llmops.measure.sampling import Sampler
from pytest_llmops.samples import Metric, metrics_of, split_statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.judge.baselines import Match, Store
    from pytest_llmops.judge.looks import Done
    from pytest_llmops.judge.verdict import Verdict
    from pytest_llmops.samples import Prompt, Workload
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

MEASUREMENT_VERSION = 1
"""Raised only when the way of timing changes: older baselines are then no longer compared."""


@dataclass(frozen=True)
class Bench:
    """Where measuring happens.

    Attributes:
        target: the deployment.
        ledger: its budget.
        store: its baselines; None where nothing is compared.
        check: key of the test that measures.
        model: digest or name of the model that is timed; empty where the component has none of its own.
        beside: server version and the like, kept beside a recording.
        progress: told a line now and then.
    """

    target: Target
    ledger: Ledger
    store: Store | None
    check: str
    model: str = ""
    beside: Mapping[str, str | int | float | None] = field(default_factory=dict)
    progress: Callable[[str], None] = lambda _line: None

    @property
    def host_class(self) -> str:
        """The kind of machine that measures: only like is compared with like."""
        if self.target.table.environment == "sandbox":
            return "sandbox"
        return f"{platform.system()}-{platform.machine()}-{cpu_count()}cpu".lower()

    def only_recorded(self, metric: str) -> bool:
        """Whether thresholds alone judge a metric."""
        return any(fits(pattern, metric) for pattern in self.target.table.baseline.recorded)

    def fingerprint(self, workload: Workload) -> dict[str, str | int]:
        """What must be alike before two runs are compared."""
        return {
            "target": self.target.name,
            "model": self.model,
            "workload": workload.digest,
            "concurrency": 1,
            "host_class": self.host_class,
            "measurement_version": MEASUREMENT_VERSION,
        }


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
    """
    rule = bench.target.table.baseline
    fingerprint = bench.fingerprint(workload)
    matches = _Matches(bench, fingerprint)
    sampler = Sampler(name, call, workload, bench.ledger, WARM_UP, bench.progress)
    looks = Looks(matches.baselines(name), Rule(rule.threshold, rule.floor, rule.tau0))
    done = _collect(name, sampler, looks, bench.ledger)
    samples = [sample for run in sampler.runs for sample in run]
    metrics = [metrics_of(name, run) for run in sampler.runs]
    measurement = Measurement(name, [], samples)
    confirmed = len(sampler.runs) > 1
    for metric in _merged(metrics):
        _judge_time(measurement, metric, done.verdicts.get(metric.name), matches, confirmed=confirmed)
        _record(measurement, [m for m in metrics[0] if m.name == metric.name], bench, fingerprint)
    _judge_errors(measurement, sampler, done.verdicts[f"{name}.error_rate"], matches)
    for result in measurement.results:
        if result.state in {"no-baseline", "not-comparable"} or result.suspect:
            measurement.notes.append("inconclusive" if result.suspect else result.state)
    return measurement


def _collect(name: str, sampler: Sampler, looks: Looks, ledger: Ledger) -> Done:
    """Call, ask, call again, until ``judge`` has done."""
    step: Collect | Done = looks.start()
    while isinstance(step, Collect):
        calls = min(step.calls, _affordable(sampler, ledger, reserve=step.fresh_run))
        if not calls and not sampler.runs:
            raise BudgetSpent(
                f"{name}: the run's budget leaves no call for it; "
                f"raise budget.requests, budget.tokens or budget.seconds, or select fewer tests."
            )
        time.sleep(step.pause_s)
        sampler.collect(calls, fresh_run=step.fresh_run)
        runs = [metrics_of(name, run) for run in sampler.runs]
        if sampler.given_up:
            return _stopped(looks, runs)
        step = looks.after(
            runs,
            max(0, _affordable(sampler, ledger, reserve=False) - WARM_UP),
            max(0, _affordable(sampler, ledger, reserve=True) - WARM_UP),
        )
    return step


def _stopped(looks: Looks, runs: list[list[Metric]]) -> Done:
    """The verdicts on what there is, no further call allowed."""
    step = looks.after(runs, 0, 0)
    assert not isinstance(step, Collect)
    return step


def _affordable(sampler: Sampler, ledger: Ledger, *, reserve: bool) -> int:
    return ledger.affordable(sampler.seconds_a_call, sampler.tokens_a_call, reserve=reserve)


def _merged(runs: list[list[Metric]]) -> list[Metric]:
    """Each metric with the values of all runs, for thresholds and for showing."""
    names = list(dict.fromkeys(metric.name for run in runs for metric in run))
    merged = []
    for name in names:
        parts = [metric for run in runs for metric in run if metric.name == name]
        values = tuple(value for part in parts for value in part.series.values)
        prompts = tuple(prompt for part in parts for prompt in part.series.prompts)
        failures = sum(part.series.failures for part in parts)
        merged.append(Metric(name, parts[0].unit, type(parts[0].series)(values, prompts, failures)))
    return merged


class _Matches:
    """The baselines that this measurement's metrics may be compared with."""

    def __init__(self, bench: Bench, fingerprint: Mapping[str, str | int]) -> None:
        self._bench = bench
        self._fingerprint = fingerprint
        self.thresholds = bench.target.table.thresholds
        self.primary = bench.target.table.baseline.primary
        self._found: dict[str, Match | None] = {}

    def find(self, metric: str) -> Match | None:
        """None where nothing is compared: no store, or a metric that thresholds alone judge."""
        if metric not in self._found:
            store = None if self._bench.only_recorded(metric) else self._bench.store
            self._found[metric] = store.find(self._bench.target.name, metric, self._fingerprint) if store else None
        return self._found[metric]

    def baselines(self, name: str) -> dict[str, list[Any]]:
        """Accepted series by metric."""
        found = {metric: self.find(metric) for metric in (name, f"{name}.ttft", f"{name}.tpot")}
        return {metric: match.series for metric, match in found.items() if match and match.series}

    def gates(self, metric: str, *, confirmed: bool) -> bool:
        """Whether a regression fails the test: primaries do, others only when a second run confirmed it."""
        return not self.primary or metric in self.primary or confirmed


def _judge_time(
    measurement: Measurement, metric: Metric, verdict: Verdict | None, matches: _Matches, *, confirmed: bool
) -> None:
    """The result of one timed metric, and of every threshold on one of its statistics."""
    values, match = metric.series.values, matches.find(metric.name)
    if not values:
        return
    value = statistic(values, "typical")
    limits, broken = judged_value(metric.name, value, metric.unit, matches.thresholds)
    state, reason = "recorded", "judged by thresholds alone"
    if match is not None and match.differs:
        state, reason = "not-comparable", match.differs
    elif match is not None and verdict is not None:
        state, reason = verdict.state, verdict.reason
    compared = verdict if match and match.series else None
    before = tuple(v for series in match.series for v in series.values) if match else ()
    result = Result(
        name=metric.name,
        unit=metric.unit,
        value=value,
        baseline=statistic(before, "typical") if before else None,
        ratio=compared.ratio if compared else None,
        low=compared.low if compared else None,
        high=compared.high if compared else None,
        n=len(values),
        state=state,
        suspect=bool(compared and compared.suspect),
        threshold=limits,
        reason=broken.reason if broken else reason,
    )
    measurement.results.append(result)
    measurement.breaches += [broken] if broken else []
    if before:
        measurement.comparisons.append(Comparison(result, before, values))
    if state == "regression" and matches.gates(metric.name, confirmed=confirmed):
        measurement.regressions.append(_regression(result, match))
    _judge_statistics(measurement, metric, matches)


def _regression(result: Result, match: Match | None) -> str:
    """The sentence that fails the test: metric, ratio and its limits, now, then, on how much that rests."""
    assert result.value is not None
    assert result.baseline is not None
    runs = len(match.series) if match else 0
    newest = f" of {match.newest:%Y-%m-%d %H:%M}" if match and match.newest else ""
    accepted = f"the accepted run{newest}" if runs == 1 else f"{runs} accepted runs, the newest{newest}"
    return (
        f"{result.name} is {result.ratio:.2f} times slower than its baseline (95 % limits {result.low:.2f} to "
        f"{result.high:.2f}): {said(result.value, result.unit)} now, {said(result.baseline, result.unit)} then; "
        f"{result.n} calls against {accepted}"
    )


def _judge_statistics(measurement: Measurement, metric: Metric, matches: _Matches) -> None:
    """Thresholds such as ``query_latency.p95``: a result of their own, judged on the plain value."""
    for name in matches.thresholds:
        of, which = split_statistic(name)
        if of != metric.name or name == metric.name:
            continue
        values = metric.series.values
        if len(values) < MIN_N[which]:
            reason = f"{name} needs {MIN_N[which]} values to be judged; there are {len(values)}"
            measurement.results.append(Result(name, metric.unit, None, n=len(values), state="void", reason=reason))
            continue
        value = statistic(values, which)
        limits, broken = judged_value(name, value, metric.unit, matches.thresholds)
        reason = broken.reason if broken else "judged by thresholds alone"
        measurement.results.append(Result(name, metric.unit, value, n=len(values), threshold=limits, reason=reason))
        measurement.breaches += [broken] if broken else []


def _judge_errors(measurement: Measurement, sampler: Sampler, verdict: Verdict, matches: _Matches) -> None:
    """The error rate: always judged, by its threshold and by the baseline's."""
    calls, failed = len(measurement.samples), sum(not sample.ok for sample in measurement.samples)
    name = f"{measurement.name}.error_rate"
    rate = failed / calls if calls else math.nan
    limits, broken = judged_value(name, rate, "", matches.thresholds)
    match = matches.find(measurement.name)
    compared = verdict if match and match.series else None
    last = f"; the last: {str(sampler.failures[-1]).rstrip('.')}" if sampler.failures else ""
    reason = f"{failed} of {calls} calls failed{last}"
    measurement.results.append(
        Result(
            name=name,
            unit="",
            value=rate,
            baseline=_error_rate(match) if match and match.series else None,
            ratio=compared.ratio if compared else None,
            low=compared.low if compared else None,
            high=compared.high if compared else None,
            n=calls,
            state=compared.state if compared else "recorded",
            suspect=bool(compared and compared.suspect),
            threshold=limits,
            reason=reason,
        )
    )
    if broken:
        words = f"{name}: {reason}; {broken.reason.partition('; ')[2]}"
        measurement.breaches.append(type(broken)(broken.severity, broken.limit, words, broken.fails))
    elif compared and compared.state == "regression":
        measurement.regressions.append(f"{name}: {verdict.reason}{last}")


def _error_rate(match: Match) -> float:
    return sum(s.failures for s in match.series) / max(1, sum(s.calls for s in match.series))


def _record(measurement: Measurement, first: list[Metric], bench: Bench, fingerprint: dict[str, str | int]) -> None:
    """Keep the first run for a candidate baseline, unless thresholds alone judge the metric."""
    for metric in first:
        if not bench.only_recorded(metric.name):
            measurement.recordings.append(Recording(bench.check, metric, fingerprint, bench.beside))
