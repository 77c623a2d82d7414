"""From verdicts and thresholds to results: what each metric came to, and what to say of it."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmops.judge.estimate import statistic
from pytest_llmops.judge.recording import Recording
from pytest_llmops.judge.thresholds import said
from pytest_llmops.judge.verdict import MIN_N
from pytest_llmops.measure.results import Comparison, Measurement, Result, judged_value
from pytest_llmops.samples import split_statistic
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.errors import CallFailed
    from pytest_llmops.judge.baselines import Match
    from pytest_llmops.judge.verdict import Verdict
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.measure.sampling import Sampler
    from pytest_llmops.samples import Metric, Series, Workload

PARTS = ("", ".ttft", ".tpot")

LONG_CALL_S = 1.0
"""Above this daily timing judges no tail: the sixty calls that a p95 takes are the operator's money."""

TAILS = ("p90", "p95", "p99")


class Judging:
    """How one measurement is judged.

    Args:
        name: of the measurement.
        bench: where it happens.
        workload: its prompts.

    Attributes:
        known: whether any accepted run has this measurement, under whatever conditions.

    Raises:
        BaselineError: a baseline file is damaged.
    """

    def __init__(self, name: str, bench: Bench, workload: Workload) -> None:
        self.name = name
        self.bench = bench
        self.workload = workload
        self.thresholds = bench.target.table.thresholds
        self.known = bool(bench.store and any(run.find(name) for run in bench.store.runs(bench.target.name)))
        self._found: dict[str, Match | None] = {}

    @cached_property
    def fingerprint(self) -> dict[str, str | int]:
        """What must be alike; first asked for when calls were made, which tell the model."""
        return self.bench.fingerprint(self.workload)

    def find(self, metric: str) -> Match | None:
        """None where nothing is compared: no store, or a metric that thresholds alone judge."""
        if metric not in self._found:
            store = None if self.bench.only_recorded(metric) else self.bench.store
            found = store.find(self.bench.target.name, metric, self.fingerprint) if store else None
            self._found[metric] = found
        return self._found[metric]

    def baselines(self) -> dict[str, list[Series]]:
        """Accepted series by metric."""
        found = {self.name + part: self.find(self.name + part) for part in PARTS}
        return {metric: match.series for metric, match in found.items() if match and match.series}

    def lacking(self, sampler: Sampler) -> int:
        """Further calls that the thresholds on this measurement's statistics need; long calls get none for tails."""
        wanted = [which for _, which in self._statistics() if not self._too_long(which, sampler.seconds_a_call)]
        made = len(sampler.runs[-1])
        return max([MIN_N[which] - made for which in wanted], default=0)

    def time(self, measurement: Measurement, metric: Metric, verdict: Verdict | None, *, confirmed: bool) -> None:
        """The result of one timed metric, and of every threshold on one of its statistics."""
        values, match = metric.series.values, self.find(metric.name)
        if not values:
            return
        value = statistic(values, "typical")
        limits, broken = judged_value(metric.name, value, metric.unit, self.thresholds)
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
        measurement.comparisons += [Comparison(result, before, values)] if before else []
        if state in {"no-baseline", "not-comparable", "inconclusive"}:
            measurement.notes.append(state)
        if state == "regression" and match is not None:
            self._regression(measurement, result, match, reason, confirmed=confirmed)
        for name, which in self._statistics(metric.name):
            self._statistic(measurement, metric, name, which)

    def absent(self, measurement: Measurement) -> None:
        """A metric with a baseline that no call yielded is not simply gone: the measurement is unsound."""
        shown = {result.name for result in measurement.results}
        for metric in self.baselines():
            if metric not in shown and any(sample.ok for sample in measurement.samples):
                self._void(measurement, metric, "s", 0, f"{metric} has a baseline, but no call yielded it")

    def errors(self, measurement: Measurement, failures: Sequence[CallFailed], verdict: Verdict) -> None:
        """The error rate: always judged, by its threshold and by the baseline's."""
        calls, failed = len(measurement.samples), sum(not sample.ok for sample in measurement.samples)
        name = f"{self.name}.error_rate"
        rate = failed / calls if calls else math.nan
        limits, broken = judged_value(name, rate, "", self.thresholds)
        match = self.find(self.name)
        compared = verdict if match and match.series else None
        both_clean = not failed and match is not None and not _error_rate(match)  # then a ratio says nothing
        shown = None if both_clean else compared
        last = f"; the last: {str(failures[-1]).rstrip('.')}" if failures else ""
        reason = f"{failed} of {calls} calls failed{last}"
        measurement.results.append(
            Result(
                name=name,
                unit="",
                value=rate,
                baseline=_error_rate(match) if match and match.series else None,
                ratio=shown.ratio if shown else None,
                low=shown.low if shown else None,
                high=shown.high if shown else None,
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

    def record(self, measurement: Measurement, first: list[Metric]) -> None:
        """Keep the first run for a candidate baseline, unless thresholds alone judge the metric."""
        for metric in first:
            if not self.bench.only_recorded(metric.name):
                recording = Recording(self.bench.check, metric, self.fingerprint, self.bench.beside)
                measurement.recordings.append(recording)

    def _statistics(self, metric: str = "") -> list[tuple[str, str]]:
        """Thresholds on statistics of this measurement's metrics (``NAME.ttft.p95``): their names and statistics."""
        metrics = {metric} if metric else {self.name + part for part in PARTS}
        split = {name: split_statistic(name) for name in self.thresholds}
        return [(name, which) for name, (of, which) in split.items() if of in metrics and name != of]

    def _too_long(self, which: str, seconds_a_call: float) -> bool:
        return which in TAILS and seconds_a_call > LONG_CALL_S

    def _statistic(self, measurement: Measurement, metric: Metric, name: str, which: str) -> None:
        """A threshold such as ``query_latency.p95``: a result of its own, judged on the plain value."""
        values = metric.series.values
        if len(values) < MIN_N[which]:
            mean_s = sum(values) / len(values)
            lacks = f"{name} needs {MIN_N[which]} values to be judged; there are {len(values)}"
            if self._too_long(which, mean_s):
                reason = f"{lacks}, and at {spoken(mean_s)} a call daily timing makes no more"
                measurement.results.append(Result(name, metric.unit, None, n=len(values), reason=reason))
                measurement.notes.append("not judged")
            else:
                self._void(measurement, name, metric.unit, len(values), lacks)
            return
        value = statistic(values, which)
        limits, broken = judged_value(name, value, metric.unit, self.thresholds)
        reason = broken.reason if broken else "judged by thresholds alone"
        measurement.results.append(Result(name, metric.unit, value, n=len(values), threshold=limits, reason=reason))
        measurement.breaches += [broken] if broken else []

    def _void(self, measurement: Measurement, name: str, unit: str, n: int, reason: str) -> None:
        measurement.results.append(Result(name, unit, None, n=n, state="void", reason=reason))
        measurement.voids.append(reason)

    def _regression(
        self, measurement: Measurement, result: Result, match: Match, reason: str, *, confirmed: bool
    ) -> None:
        """Primaries fail the test; others only when a second run confirmed it, and else leave a note."""
        primary = self.bench.target.table.baseline.primary
        if primary and result.name not in primary and not confirmed:
            measurement.notes.append("unconfirmed regression")
            return
        assert result.value is not None
        assert result.baseline is not None
        runs = len(match.series)
        newest = f" of {match.newest:%Y-%m-%d %H:%M}" if match.newest else ""
        accepted = f"the accepted run{newest}" if runs == 1 else f"{runs} accepted runs, the newest{newest}"
        _, semicolon, unconfirmed = reason.partition("; the budget left")
        measurement.regressions.append(
            f"{result.name} is {result.ratio:.2f} times slower than its baseline (95 % limits {result.low:.2f} to "
            f"{result.high:.2f}): {said(result.value, result.unit)} now, {said(result.baseline, result.unit)} then; "
            f"{result.n} calls against {accepted}{semicolon}{unconfirmed}"
        )


def _error_rate(match: Match) -> float:
    return sum(series.failures for series in match.series) / max(1, sum(series.calls for series in match.series))
