"""The verdict on one statistic: has it become worse than its baseline, or better, or can nobody tell yet?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy.special import stdtr, stdtrit

from pytest_llmops.judge import wording
from pytest_llmops.judge.difference import Between, unpaired
from pytest_llmops.judge.estimate import check_statistic
from pytest_llmops.judge.pairing import paired
from pytest_llmops.judge.side import Side

if TYPE_CHECKING:
    from pytest_llmops.judge.difference import Difference
    from pytest_llmops.judge.side import PromptIds, Runs

State = Literal["ok", "regression", "improvement", "inconclusive", "no-baseline"]
Design = Literal["stored", "interleaved"]

MIN_N = {"typical": 10, "mean": 10, "p50": 10, "p90": 30, "p95": 60, "p99": 300}
"""Values that every run needs before a statistic is judged: for a quantile q, the first n with q**n <= .05."""

ALPHA = 0.01
"""One-sided error probability of calling a regression, or an improvement, where there is none."""

SURVIVORSHIP = 0.05
"""Share of lost calls above which the rest no longer speaks for typical and mean."""

_CONFIDENCE = 0.95  # of the interval's one-sided limits
_LOCATION = ("typical", "mean", "p50")  # a paired mean cannot see a tail


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and on what.

    Attributes:
        state: ``ok``, ``regression``, ``improvement``, ``inconclusive`` or ``no-baseline``.
        suspect: inconclusive, and the estimate is above the threshold.
        ratio: times worse than the baseline: above 1 is worse, whichever direction is good. None, as its limits,
            where nothing could be estimated.
        low: lower one-sided 95 % limit of ``ratio``.
        high: upper one-sided 95 % limit of ``ratio``.
        n: values of the current side that were judged.
        reason: the verdict as a sentence for people.
    """

    state: State
    suspect: bool
    ratio: float | None
    low: float | None
    high: float | None
    n: int
    reason: str

    @property
    def decided(self) -> bool:
        """Whether more calls would change nothing."""
        return self.state != "inconclusive"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, checked once."""

    metric: str
    threshold: float
    between: Between
    higher_is_better: bool
    floor: float

    def __post_init__(self) -> None:
        check_statistic(self.metric)
        if not self.threshold > 1:
            raise ValueError(f"threshold is {self.threshold:g}; it is times worse, so it must be above 1")
        if not self.floor >= 0:
            raise ValueError(f"floor is {self.floor:g}; it must not be below 0")
        if not self.between.tau0 >= 0:
            raise ValueError(f"tau0 is {self.between.tau0:g}; it must not be below 0")

    def worsening(self, level: float, log: float) -> float:
        """By how much the metric is worse, in its unit, where it is exp(log) times worse than ``level``."""
        return level * (-math.expm1(-log) if self.higher_is_better else math.expm1(log))


def judge_samples(
    metric: str,
    baseline_runs: Runs,
    current_runs: Runs,
    *,
    threshold: float = 1.20,
    design: Design = "stored",
    higher_is_better: bool = False,
    floor: float = 0.0,
    tau0: float = 0.05,
    baseline_prompts: PromptIds | None = None,
    current_prompts: PromptIds | None = None,
) -> Verdict:
    """Judge one statistic of the current runs against the baseline's.

    A regression needs both an estimate above ``threshold`` and a one-sided p <= .01 against a true ratio of
    sqrt(threshold) or less; ok needs the 95 % upper limit below ``threshold``.

    Args:
        metric: the statistic: typical, mean, p50, p90, p95 or p99.
        baseline_runs: one list of values (seconds) per accepted run, in time order, warm-up dropped.
        current_runs: the same for what is judged. A call that timed out may be given as ``math.inf``.
        threshold: times worse from which it matters.
        design: ``stored``: the baseline is from other days; ``interleaved``: called in turns with the current side.
        higher_is_better: for throughput and its like.
        floor: a worsening by less than this, in the values' unit, is nobody's problem.
        tau0: assumed spread of log latency between unchanged runs: .03 on the same host within the hour, .05
            otherwise, .10 for a shared endpoint.
        baseline_prompts: prompt ids, shaped as ``baseline_runs``; with ten or more shared ids prompts are paired.
        current_prompts: the same for ``current_runs``.

    Raises:
        ValueError: an unknown statistic or design, a setting out of range, a value that is not above zero, prompt
            ids that do not fit their run.
    """
    if design not in ("stored", "interleaved"):
        raise ValueError(f"unknown design {design!r}; there are stored, interleaved")
    question = _Question(metric, threshold, Between(design == "interleaved", tau0), higher_is_better, floor)
    baseline = Side("baseline", baseline_runs, baseline_prompts)
    current = Side("current", current_runs, current_prompts)
    if not baseline.n:
        return _undecided("no-baseline", current.n, "there is no baseline to compare with")
    lacking = _lacking(metric, baseline, current)
    if lacking:
        return _undecided("inconclusive", current.n, lacking)
    if metric == "mean":
        baseline, current = baseline.finite(), current.finite()
    else:
        # A lost call ranks above all others. Ten times the slowest value keeps it there and stays finite.
        lost = 10 * max(baseline.largest, current.largest)
        baseline, current = baseline.replacing(lost), current.replacing(lost)
    return _decide(question, _difference(question, baseline, current), current)


def _lacking(metric: str, baseline: Side, current: Side) -> str:
    """Why nothing can be said at all; empty if something can."""
    if not current.n:
        return "no call of the current side gave a value"
    if not max(baseline.largest, current.largest):
        return "no call of either side came back"
    lost = max(baseline.lost, current.lost)
    if metric in ("typical", "mean") and lost > SURVIVORSHIP:
        return f"{lost:.0%} of the calls never came back, and {metric} of the others would flatter (survivorship)"
    sides = (baseline.finite(), current.finite()) if metric == "mean" else (baseline, current)
    shortest = min(side.shortest for side in sides)
    if shortest < MIN_N[metric]:
        return f"{metric} needs {MIN_N[metric]} values in every run; the shortest has {shortest}"
    return ""


def _difference(question: _Question, baseline: Side, current: Side) -> Difference:
    whole = unpaired(question.metric, baseline.runs, current.runs, question.between)
    if question.metric not in _LOCATION or baseline.prompts is None or current.prompts is None:
        return whole
    pairs = paired(question.metric, baseline.prompted(), current.prompted(), question.between)
    if pairs is None or (not question.between.interleaved and whole.variance < pairs.variance):
        return whole
    return pairs


def _decide(question: _Question, found: Difference, current: Side) -> Verdict:
    worse = -found.log if question.higher_is_better else found.log
    limit, error, df = math.log(question.threshold), math.sqrt(found.variance), found.df
    reach = float(stdtrit(df, _CONFIDENCE)) * error
    change = question.worsening(found.level, worse)
    beyond = abs(change) >= question.floor

    def unlikely(distance: float) -> bool:
        """Whether a true ratio of sqrt(threshold) would hardly ever come out that far away."""
        return distance > limit and float(stdtr(df, (limit / 2 - distance) / error)) <= ALPHA

    ratio, low, high = math.exp(worse), math.exp(worse - reach), math.exp(worse + reach)
    say = wording.Comparison(question.metric, ratio, low, high, question.threshold)
    state: State = "inconclusive"
    if not beyond and question.worsening(found.level, worse + reach) < question.floor:
        state, reason = "ok", say.below_floor(abs(change), question.floor)
    elif beyond and unlikely(worse):
        state, reason = "regression", say.regression()
    elif beyond and unlikely(-worse):
        state, reason = "improvement", say.improvement()
    elif worse + reach < limit:
        state, reason = "ok", say.ok()
    else:
        reason = say.inconclusive(_needed(found, worse, limit, current.shortest), current.shortest)
    suspect = state == "inconclusive" and worse > limit and beyond
    return Verdict(state, suspect, ratio, low, high, current.n, reason)


def _needed(found: Difference, worse: float, limit: float, n: int) -> float:
    """Calls a run that would settle it if the estimate stayed; infinite where no number would."""
    if worse > limit:
        error = (worse - limit / 2) / float(stdtrit(found.df, 1 - ALPHA))
    else:
        error = (limit - worse) / float(stdtrit(found.df, _CONFIDENCE))
    room = error**2 - (found.variance - found.shrinking)
    return math.ceil(n * found.shrinking / room) if room > 0 else math.inf


def _undecided(state: State, n: int, reason: str) -> Verdict:
    return Verdict(state, False, None, None, None, n, reason)
