"""What a run has one value of, such as a drill's figures: judged by its threshold, and beside the accepted runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmops.judge.once import KEPT, judge_once
from pytest_llmops.judge.recording import Recording
from pytest_llmops.judge.thresholds import said
from pytest_llmops.measure.references import accepted, points_of
from pytest_llmops.measure.results import Measurement, recorded
from pytest_llmops.samples import ONCE, Metric, Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.decision import Verdict
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.measure.results import Result
    from pytest_llmops.samples import Workload
    from pytest_llmops.target.load import Target

EXACT = "exact_s"
"""Beside a recording: by how many seconds two such values may differ for no other reason than how they are taken."""

NOTED = ("no-baseline", "not-comparable", "inconclusive")


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a run, of which lower is better.

    Attributes:
        name: of the metric.
        seconds: it took.
        of: what it is.
    """

    name: str
    seconds: float
    of: str


def judged_once(name: str, figures: Sequence[Figure], bench: Bench, workload: Workload, exact_s: float) -> Measurement:
    """The results of figures that are taken together.

    Args:
        name: of what they are taken of.
        figures: one value each.
        bench: where they were taken.
        workload: what was done, as part of what must be alike.
        exact_s: how exact they are.

    Raises:
        BaselineError: a baseline file is damaged, or a point cannot be read.
    """
    measurement = Measurement(name, [], [])
    exact_s = max(exact_s, bench.target.table.baseline.floor)
    for figure in figures:
        result, broken = recorded(figure.name, figure.seconds, "s", bench.target.table.thresholds, of=figure.of)
        measurement.breaches += [broken] if broken else []
        measurement.notes += ["target missed"] if broken and not broken.fails else []
        if bench.store is not None:
            metric = Metric(figure.name, "s", Series((figure.seconds,), (ONCE,)))
            beside = {**bench.beside, EXACT: exact_s}
            recording = Recording(bench.check, metric, bench.fingerprint(workload), beside)
            measurement.recordings.append(recording)
            result = result if bench.only_recorded(figure.name) else _compared(result, recording, bench, exact_s)
        measurement.notes += [result.state] if result.state in NOTED else []
        if result.state == "regression":
            _regression(result, measurement, bench.target.table.baseline.primary)
        measurement.results.append(result)
    return measurement


def _regression(result: Result, measurement: Measurement, primary: Sequence[str]) -> None:
    """Primaries fail the test; others leave a note, for nothing confirms them."""
    if primary and result.name not in primary:
        measurement.notes.append("unconfirmed regression")
    else:
        measurement.regressions.append(result.reason)


def _compared(result: Result, recording: Recording, bench: Bench, exact_s: float) -> Result:
    """A figure beside the accepted runs."""
    assert bench.store is not None
    point = points_of(result.name, bench.target).get(result.name)
    if point is not None:
        reason = f"{point.words} does not tell how far unchanged runs lie apart: write it as a threshold"
        return replace(result, state="inconclusive", baseline=point.point, reason=f"{result.reason}; {reason}")
    found = accepted(bench.store.find(bench.target.name, result.name, recording.fingerprint, KEPT))
    if found.differs:
        return replace(result, state="not-comparable", reason=f"{result.reason}; {found.differs}")
    verdict = verdict_on(recording.metric.series, found.series, bench.target, exact_s)
    was = found.value("p50")
    reason = result.reason if was is None else f"{result.reason}; {said(was, 's')} by {found.words}: {verdict.reason}"
    return replace(
        result,
        state=verdict.state,
        baseline=was,
        ratio=verdict.ratio,
        low=verdict.low,
        high=verdict.high,
        reason=reason,
    )


def verdict_on(now: Series, before: Sequence[Series], target: Target, exact_s: float) -> Verdict:
    """The verdict on the one value of a run.

    Args:
        now: holds it.
        before: hold those of the accepted runs.
        target: whose rule it is.
        exact_s: as of the recording.
    """
    rule, values = target.table.baseline, [value for series in before for value in series.values]
    return judge_once(values, now.values[0], exact=exact_s, threshold=rule.threshold, tau0=rule.tau0)
