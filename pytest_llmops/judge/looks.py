"""When to look again: how many calls to make before judging, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llmops.judge.failures import judge_failures
from pytest_llmops.judge.point import judge_point
from pytest_llmops.judge.schedule import LOOKS, MIN_N, WARM_UP, judged, schedule
from pytest_llmops.judge.verdict import SURVIVORSHIP, judge_samples
from pytest_llmops.judge.wording import times
from pytest_llmops.samples import split_statistic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.judge.decision import Verdict
    from pytest_llmops.judge.verdict import Design
    from pytest_llmops.samples import Metric, Series

    Run = Sequence[Metric]

__all__ = ["CONFIRM_PAUSE_S", "LOOKS", "WARM_UP", "Collect", "Done", "Looks", "Rule"]

CONFIRM_PAUSE_S = 1.0
"""Seconds before a fresh run that confirms, so that one hiccup does not reach into both."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a measurement is judged; see ``judge_samples`` for the fields that are not described.

    Attributes:
        statistics: names such as ``NAME.p95`` that are judged beside ``typical`` of every metric.
        points: the number that a metric, or a statistic by its name, is compared with in place of its baseline.
        looks: calls of a run at which it is judged, whatever the speed; empty: ``LOOKS`` or ``SLOW_LOOKS``.
    """

    threshold: float = 1.20
    floor: float = 0.0
    tau0: float = 0.05
    design: Design = "stored"
    statistics: tuple[str, ...] = ()
    points: Mapping[str, float] = field(default_factory=dict)
    looks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Collect:
    """Make calls, then ask again.

    Attributes:
        calls: how many further ones, warm-up apart.
        fresh_run: they are a run of their own, with its own warm-up, to be appended to the runs.
        pause_s: seconds to wait before the first.
    """

    calls: int
    fresh_run: bool = False
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more is to be called.

    Attributes:
        verdicts: by metric name, or by that of a statistic; ``NAME.error_rate`` included.
        unfinished: names that another look might have decided, had it been affordable.
    """

    verdicts: dict[str, Verdict]
    unfinished: tuple[str, ...] = ()


class Looks:
    """The looks at one measurement, from ``start`` to ``Done``.

    Every metric is judged as ``typical``, and as the statistics that the rule names, on all values so far: a verdict
    always speaks of all that was measured.
    """

    def __init__(self, baselines: Mapping[str, Sequence[Series]], rule: Rule) -> None:
        """``baselines``: accepted runs by metric name; a metric without any has no baseline."""
        self._baselines = baselines
        self._rule = rule
        self._confirming = False
        self._plan(slow=False)

    def start(self, *, slow: bool = False) -> Collect:
        """The first calls; ``slow``: whether a warm call takes more than ``LONG_CALL_S``."""
        self._plan(slow=slow)
        return Collect(self._schedule[0])

    def _plan(self, *, slow: bool) -> None:
        rule = self._rule
        self._schedule = schedule(rule.statistics, pinned=rule.looks, slow=slow)
        self._statistics = judged(rule.statistics, pinned=rule.looks, slow=slow)

    def after(
        self,
        runs: Sequence[Run],
        affordable: int,
        confirmable: int,
        *,
        baselines: Mapping[str, Sequence[Series]] | None = None,
    ) -> Collect | Done:
        """Judge what was collected, and say what comes next.

        Args:
            runs: the metrics of each run so far, the whole call's first; all but the last are complete.
            affordable: calls that the budget allows now, its reserve for a confirmation excluded; warm-up apart.
            confirmable: the same, reserve included.
            baselines: the baselines in place of those given at first: side by side, the other side has grown too.
        """
        if baselines is not None:
            self._baselines = baselines
        whole = _names(runs)[0]
        errors = self._judge_errors(whole, runs)
        verdicts = {name: self._judge(name, runs) for name in self._asked(runs)}
        lost = max(_share(self._failures_before(whole)), _share(_failures([run[0].series for run in runs])))
        if lost > SURVIVORSHIP:
            verdicts = {name: _flattering(verdict, lost) for name, verdict in verdicts.items()}
        made, first = runs[0][0].series.calls, self._schedule[0]
        if made < first:
            verdicts = {name: _cut_short(verdict, made, first) for name, verdict in verdicts.items()}
        done = Done({**verdicts, f"{whole}.error_rate": errors})
        if self._confirming:
            return done
        series = runs[-1][0].series
        further, unfinished = self._further(series, whole, verdicts)
        if 0 < further <= affordable:
            return Collect(further)
        alarmed = [name for name, verdict in verdicts.items() if verdict.state == "regression"]
        if not alarmed or self._rule.design == "interleaved":
            return replace(done, unfinished=unfinished)
        fresh = min(series.calls, confirmable)
        if fresh >= self._smallest(alarmed, series.calls):
            self._confirming = True
            return Collect(fresh, fresh_run=True, pause_s=CONFIRM_PAUSE_S)
        for name in alarmed:
            done.verdicts[name] = _unconfirmed(verdicts[name])
        return replace(done, unfinished=unfinished)

    def _asked(self, runs: Sequence[Run]) -> list[str]:
        """Every metric, followed by its statistics that are judged."""
        asked = []
        for name in _names(runs):
            asked += [name, *(one for one in self._statistics if split_statistic(one)[0] == name)]
        return asked

    def _further(self, made: Series, whole: str, verdicts: Mapping[str, Verdict]) -> tuple[int, tuple[str, ...]]:
        """Calls to the next look that may decide something, and what it may decide; 0 where none is left."""
        looks = [look for look in self._schedule if look > made.calls]
        if not looks or self._lost_at(looks[0], made, whole) > SURVIVORSHIP:
            return 0, ()
        # Of a metric without a single value more failing calls would say no more: its error rate speaks.
        waiting = [name for name, verdict in verdicts.items() if not verdict.decided and verdict.n]
        for look in looks:
            settled = tuple(name for name in waiting if self._may_decide(name, look))
            if settled:
                return look - made.calls, settled
        return 0, ()

    def _lost_at(self, look: int, made: Series, whole: str) -> float:
        """The share of calls that will have failed by then on either side, if no further one does."""
        failed, calls = self._failures_before(whole)
        grown = look if self._rule.design == "interleaved" else calls
        return max(made.failures / look, _share((failed, max(calls, grown))))

    def _may_decide(self, name: str, calls: int) -> bool:
        """Whether so many calls are enough for a statistic, and the accepted runs have as many."""
        metric, which = split_statistic(name)
        stored = name not in self._rule.points and self._rule.design == "stored"
        before = self._baselines.get(metric, ()) if stored else ()
        return min([calls, *(len(series.values) for series in before)]) >= MIN_N[which]

    def _smallest(self, alarmed: Sequence[str], made: int) -> int:
        """Calls of the smallest fresh run that can confirm what alarmed."""
        return max(min(made, self._schedule[0]), *(MIN_N[split_statistic(name)[1]] for name in alarmed))

    def _judge(self, name: str, runs: Sequence[Run]) -> Verdict:
        metric, which = split_statistic(name)
        now = [one.series for run in runs for one in run if one.name == metric]
        rule, values = self._rule, [series.values for series in now]
        if name in rule.points:
            point = rule.points[name]
            return judge_point(which, point, values, threshold=rule.threshold, floor=rule.floor, tau0=rule.tau0)
        before = self._baselines.get(metric, ())
        prompted = all(series.prompts or not series.values for series in (*before, *now))
        return judge_samples(
            which,
            [series.values for series in before],
            values,
            threshold=rule.threshold,
            design=rule.design,
            floor=rule.floor,
            tau0=rule.tau0,
            baseline_prompts=[series.prompts for series in before] if prompted else None,
            current_prompts=[series.prompts for series in now] if prompted else None,
        )

    def _judge_errors(self, whole: str, runs: Sequence[Run]) -> Verdict:
        return judge_failures(self._failures_before(whole), _failures([run[0].series for run in runs]))

    def _failures_before(self, whole: str) -> tuple[int, int]:
        return _failures(self._baselines.get(whole, ()))


def _names(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(metric.name for run in runs for metric in run))


def _failures(series: Sequence[Series]) -> tuple[int, int]:
    return sum(one.failures for one in series), sum(one.calls for one in series)


def _share(counts: tuple[int, int]) -> float:
    failed, calls = counts
    return failed / calls if calls else 0.0


def _flattering(verdict: Verdict, lost: float) -> Verdict:
    """The calls that failed might have been the slow ones: what is left decides nothing, but may raise a suspicion."""
    if verdict.state == "no-baseline" or not verdict.n:
        return verdict
    reason = f"{lost:.0%} of the calls failed, and the others alone would flatter (survivorship)"
    suspect = verdict.suspect or verdict.state == "regression"
    if suspect and verdict.ratio is not None:
        reason += f"; even so, they are {times(verdict.ratio)}"
    return replace(verdict, state="inconclusive", suspect=suspect, reason=reason)


def _cut_short(verdict: Verdict, made: int, first: int) -> Verdict:
    """Below the first look the rule's figures do not hold: fewer calls may alarm, but not reassure."""
    if verdict.state not in ("ok", "improvement"):
        return verdict
    reason = f"{verdict.reason}; but only {made} of the first {first} calls were made"
    return replace(verdict, state="inconclusive", reason=reason)


def _unconfirmed(verdict: Verdict) -> Verdict:
    return replace(verdict, reason=f"{verdict.reason}; unconfirmed: the budget left no calls for a second run")
