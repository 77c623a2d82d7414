"""From verdicts and thresholds to results: what each metric came to, and what to say of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.judge.estimate import at_least, statistic
from pytest_llmops.judge.recording import Recording
from pytest_llmops.judge.schedule import LONG_CALL_S, MIN_N, TAIL_LOOKS
from pytest_llmops.judge.thresholds import said
from pytest_llmops.measure.results import Comparison, Measurement, Result, judged_value
from pytest_llmops.samples import split_statistic
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.errors import CallFailed
    from pytest_llmops.judge.decision import Verdict
    from pytest_llmops.judge.looks import Done
    from pytest_llmops.measure.asking import Asking
    from pytest_llmops.measure.references import Reference
    from pytest_llmops.samples import Metric

SIDES = {
    "accepted": ("its baseline", "now", "then"),
    "in turns": ("{against}", "here", "there"),
    "point": ("what is expected", "now", "expected"),
    "before": ("before", "now", "before"),
}
"""How a sentence calls what is compared with, what was measured, and the value of the former."""


class Judging:
    """The results of one measurement.

    Args:
        asking: what was asked of it.
        done: the verdicts.
        ended: which budget ended before all of them could be given, and what to raise; else empty.
        measurement: where the results go.
        confirmed: whether a second run was made.
    """

    def __init__(self, asking: Asking, done: Done, ended: str, measurement: Measurement, *, confirmed: bool) -> None:
        self.asking = asking
        self.done = done
        self.ended = f"; {ended}" if ended else ""
        self.measurement = measurement
        self.confirmed = confirmed
        self.thresholds = asking.thresholds

    def time(self, metric: Metric) -> None:
        """The results of one timed metric: as ``typical``, and of every statistic of it that is asked for."""
        if not metric.series.values:
            return
        self._judge(metric, metric.name, "typical")
        for name in self.asking.statistics_of(metric.name):
            which = split_statistic(name)[1]
            if not self._not_judged(metric, name, which):
                self._judge(metric, name, which)

    def _judge(self, metric: Metric, name: str, which: str) -> None:
        """A metric, or a statistic of it: by what it is compared with, and by its threshold."""
        values = metric.series.values
        enough = which == "typical" or len(values) >= MIN_N[which]
        value = statistic(values, which) if enough else None
        limits, broken = judged_value(name, value, metric.unit, self.thresholds) if value is not None else (None, None)
        reference = self.asking.find(name) if which == "typical" or name in self.asking.compared else None
        verdict = self.done.verdicts.get(name) if reference else None
        compared = verdict if reference and (reference.series or reference.point is not None) else None
        state, reason = self._state(name, which, reference, verdict)
        suspect = state == "inconclusive" and compared is not None and self._suspect(compared, value, reference, which)
        result = Result(
            name=name,
            unit=metric.unit,
            value=value,
            baseline=reference.value(which) if reference else None,
            ratio=compared.ratio if compared else None,
            low=compared.low if compared else None,
            high=compared.high if compared else None,
            n=len(values),
            state=state,
            suspect=suspect,
            threshold=limits,
            reason=broken.reason if broken else reason,
        )
        self.measurement.results.append(result)
        self.measurement.breaches += [broken] if broken else []
        if state in {"no-baseline", "not-comparable", "inconclusive"}:
            self.measurement.notes.append(state)
        if reference and reference.values and which == "typical":
            self.measurement.comparisons.append(Comparison(result, reference.values, values))
        if state == "regression" and reference:
            self._regression(result, reference, reason)

    def _suspect(self, verdict: Verdict, value: float | None, reference: Reference | None, which: str) -> bool:
        """Whether it looks slower; of too few calls to be judged the plain medians speak."""
        before = reference.value(which) if reference else None
        if verdict.ratio is not None or which != "typical" or value is None or before is None:
            return verdict.suspect
        return value / before > self.asking.rule.threshold

    def _state(self, name: str, which: str, reference: Reference | None, verdict: Verdict | None) -> tuple[str, str]:
        """The state and its reason."""
        if self._dropped(name):
            self.measurement.notes += [] if name in self.thresholds else ["not judged"]
            return "recorded", f"of calls that take so long no {which} is compared; thresholds alone judge it"
        if reference is None or (verdict is None and not reference.differs):
            return "recorded", "judged by thresholds alone"
        if reference.differs or verdict is None:
            return "not-comparable", reference.differs
        said_of = {"in turns": f"; against {reference.words}", "point": f"; expected by {reference.words}"}
        reason = verdict.reason + said_of.get(reference.kind, "") + (f"; {reference.taken}" if reference.taken else "")
        if name in self.done.unfinished:
            reason += self.ended
        shortest = min((len(series.values) for series in reference.series), default=MIN_N[which])
        if verdict.state == "inconclusive" and reference.kind == "accepted" and shortest < MIN_N[which]:
            reason += "; record longer runs and accept them"
        return verdict.state, reason

    def _not_judged(self, metric: Metric, name: str, which: str) -> bool:
        """Whether a statistic has too few values: by what it is at the least where calls are slow, else unsound."""
        values, needed = metric.series.values, MIN_N[which]
        mean_s = sum(values) / len(values)
        if len(values) >= needed:
            return False
        lacks = f"{name} needs {needed} values to be judged; there are {len(values)}"
        slow = mean_s > LONG_CALL_S and not self.asking.rule.looks
        if which in TAIL_LOOKS and (slow or self._dropped(name)):
            self._least(metric, name, which, f"{lacks}, and at {spoken(mean_s)} a call daily timing makes no more")
            return True
        if name in self.thresholds:
            self._void(name, metric.unit, len(values), lacks + self.ended)
            return True
        return False

    def _least(self, metric: Metric, name: str, which: str, lacks: str) -> None:
        """A tail of too few values: its limit is broken where what it is at the least breaks it; else it is a note."""
        values = metric.series.values
        least = at_least(values, which)
        limits, broken = judged_value(name, least, metric.unit, self.thresholds) if least is not None else (None, None)
        if least is not None and broken is not None:
            shown = f"{name} is at least {said(least, metric.unit)}, by {len(values)} values"
            broken = replace(broken, reason=f"{shown}; {broken.reason.partition('; ')[2]}")
            self.measurement.breaches.append(broken)
        else:
            self.measurement.notes.append("not judged")
        reason = broken.reason if broken else lacks
        result = Result(name, metric.unit, None, n=len(values), threshold=limits, reason=reason)
        self.measurement.results.append(result)

    def _dropped(self, name: str) -> bool:
        """Whether a statistic that gates was not compared: a tail of slow calls."""
        return name in self.asking.compared and name not in self.done.verdicts

    def absent(self) -> None:
        """A metric with a baseline that no call yielded is not simply gone: the measurement is unsound."""
        shown = {result.name for result in self.measurement.results}
        for metric in self.asking.expected():
            if metric not in shown and any(sample.ok for sample in self.measurement.samples):
                self._void(metric, "s", 0, f"{metric} has a baseline, but no call yielded it")

    def errors(self, failures: Sequence[CallFailed]) -> None:
        """The error rate: always judged, by its threshold and by the baseline's."""
        samples, name = self.measurement.samples, f"{self.asking.name}.error_rate"
        calls, failed, verdict = len(samples), sum(not sample.ok for sample in samples), self.done.verdicts[name]
        rate = failed / calls if calls else math.nan
        limits, broken = judged_value(name, rate, "", self.thresholds)
        reference = self.asking.runs(self.asking.name)
        compared = verdict if reference and reference.series else None
        both_clean = not failed and reference is not None and not reference.error_rate  # then a ratio says nothing
        shown = None if both_clean else compared
        last = f"; the last: {str(failures[-1]).rstrip('.')}" if failures else ""
        reason = f"{failed} of {calls} calls failed{last}"
        self.measurement.results.append(
            Result(
                name=name,
                unit="",
                value=rate,
                baseline=reference.error_rate if reference and reference.series else None,
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
            self.measurement.breaches.append(type(broken)(broken.severity, broken.limit, words, broken.fails))
        elif compared and reference and compared.state == "regression":
            against = f"; against {reference.words}" if reference.kind == "in turns" else ""
            self.measurement.regressions.append(f"{name}: {verdict.reason}{against}{last}")

    def record(self, metric: Metric) -> None:
        """Keep a metric of the first run for a candidate baseline."""
        bench = self.asking.bench
        recording = Recording(bench.check, metric, self.asking.fingerprint, bench.beside)
        self.measurement.recordings.append(recording)

    def _void(self, name: str, unit: str, n: int, reason: str) -> None:
        self.measurement.results.append(Result(name, unit, None, n=n, state="void", reason=reason))
        self.measurement.voids.append(reason)

    def _regression(self, result: Result, reference: Reference, reason: str) -> None:
        """Primaries fail the test; others only when a second run confirmed it, and else leave a note."""
        primary = self.asking.primary
        if primary and result.name not in primary and not self.confirmed:
            self.measurement.notes.append("unconfirmed regression")
            return
        assert result.value is not None
        assert result.baseline is not None
        than, now, then = SIDES[reference.kind]
        than = than.format(against=self.asking.bench.against)
        value, before = said(result.value, result.unit), said(result.baseline, result.unit)
        _, semicolon, unconfirmed = reason.partition("; unconfirmed: ")
        self.measurement.regressions.append(
            f"{result.name} is {result.ratio:.2f} times slower than {than} (95 % limits {result.low:.2f} to "
            f"{result.high:.2f}): {value} {now}, {before} {then}; {result.n} calls against {reference.words}"
            f"{semicolon}{unconfirmed}"
        )
