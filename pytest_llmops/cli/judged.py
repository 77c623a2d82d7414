"""A candidate's metrics, judged as its own run judged them, but for the second run that confirms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_llmops.judge.estimate import statistic
from pytest_llmops.judge.looks import Done, Looks
from pytest_llmops.judge.once import KEPT
from pytest_llmops.judge.schedule import LONG_CALL_S, WARM_UP
from pytest_llmops.judge.shipped import store_of
from pytest_llmops.measure.asking import compared, rule_of
from pytest_llmops.measure.once import EXACT, verdict_on
from pytest_llmops.measure.passes import is_of_cases, judged_again
from pytest_llmops.measure.references import points_of
from pytest_llmops.samples import PARTS, split_statistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.baselines import Match, Store
    from pytest_llmops.judge.decision import Verdict
    from pytest_llmops.judge.recording import BaselineRun, Recording
    from pytest_llmops.samples import Series
    from pytest_llmops.target.load import Target


@dataclass(frozen=True, slots=True)
class Judged:
    """One metric of a candidate, or one statistic of it.

    Attributes:
        name: of the metric, with the statistic where it is not ``typical``.
        recording: its values.
        match: the accepted runs that it is compared with.
        verdict: what came of it.
        errors: the verdict on the failed calls; None but for the whole call of a measurement.
        point: the team's own number, in place of accepted runs; None without one.
    """

    name: str
    recording: Recording
    match: Match
    verdict: Verdict
    errors: Verdict | None = None
    point: float | None = None

    @property
    def series(self) -> Series:
        """Its values now."""
        return self.recording.metric.series

    @property
    def differs(self) -> str:
        """Why nothing is compared, although something is known."""
        return "" if self.point is not None else self.match.differs

    @property
    def state(self) -> str:
        """The verdict's, or why there is none; ``suspect`` apart from ``inconclusive``."""
        if self.differs:
            return "not-comparable"
        return "suspect" if self.verdict.suspect else self.verdict.state

    @property
    def now(self) -> float:
        """The statistic now."""
        return statistic(self.series.values, self._which)

    @property
    def then(self) -> float | None:
        """The same of what it is compared with; None without any."""
        before = [value for series in self.match.series for value in series.values]
        return self.point if self.point is not None else statistic(before, self._which) if before else None

    @property
    def _which(self) -> str:
        return split_statistic(self.name)[1]


def judge(target: Target, run: BaselineRun) -> list[Judged]:
    """Each metric of a candidate, followed by its statistics that gate or have a number of the team's own.

    Those of one measurement are judged together: its failed calls speak for all of them.

    Raises:
        BaselineError: an accepted file is damaged, or a point cannot be read.
    """
    judged: dict[str, Judged] = {}
    for whole, measurement in groupby(sorted(run.recordings, key=_whole), _whole):
        judged |= {one.name: one for one in _together(target, whole, list(measurement))}
    order = [one.metric.name for one in run.recordings]
    return sorted(judged.values(), key=lambda one: (order.index(one.recording.metric.name), one.name))


def _together(target: Target, whole: str, recordings: Sequence[Recording]) -> list[Judged]:
    store = store_of(target)
    known = {one.metric.name: one for one in recordings}
    if recordings[0].metric.series.once:
        return [_once(target, one, store) for one in recordings]
    matches = {name: store.find(target.name, name, one.fingerprint) for name, one in known.items()}
    points = points_of(whole, target)
    rule = rule_of(target, compared(whole, target, points), points)
    looks = Looks({name: match.series for name, match in matches.items()}, rule)
    looks.start(slow=_slow(recordings[0]))
    done = looks.after([[one.metric for one in recordings]], 0, 0)
    assert isinstance(done, Done)  # no call is affordable
    errors = {name: done.verdicts.get(f"{name}.error_rate") for name in known}
    return [
        Judged(name, known[metric], matches[metric], verdict, errors.get(name), rule.points.get(name))
        for name, verdict in done.verdicts.items()
        if (metric := split_statistic(name)[0]) in known
    ]


def _once(target: Target, recording: Recording, store: Store) -> Judged:
    if is_of_cases(recording):
        return Judged(recording.metric.name, recording, *judged_again(recording, target, store))
    name, series = recording.metric.name, recording.metric.series
    match = store.find(target.name, name, recording.fingerprint, KEPT)
    verdict = verdict_on(series, match.series, target, float(recording.beside[EXACT] or 0))
    return Judged(name, recording, match, verdict)


def _slow(whole: Recording) -> bool:
    """Whether its run took the calls for slow: so said its warm-up, which is not kept, but as many calls came after."""
    return min(whole.metric.series.values[:WARM_UP], default=0.0) > LONG_CALL_S


def _whole(one: Recording) -> str:
    """The measurement that a metric belongs to; sorting by it leaves the whole call first."""
    name = one.metric.name
    return next((name.removesuffix(part) for part in PARTS if part and name.endswith(part)), name)
