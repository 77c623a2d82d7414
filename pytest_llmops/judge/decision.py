"""The rule itself: from an estimated difference and what makes it uncertain to a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy.special import stdtr, stdtrit

from pytest_llmops.judge import wording
from pytest_llmops.judge.estimate import check_statistic

if TYPE_CHECKING:
    from pytest_llmops.judge.difference import Between, Difference

State = Literal["ok", "regression", "improvement", "inconclusive", "no-baseline"]

ALPHA = 0.01
"""One-sided error probability of calling a regression, or an improvement, where there is none."""

ALPHA_IN_TURNS = 0.008
"""The same where both sides were called in turns: there no second run confirms what one of four looks saw."""

SURE = 0.97
"""Confidence that the ratio is below the threshold, before it is called ok. Not .95: with that, four looks would call
up to 4 % of true +30 % ok where calls scatter by 60 %."""

_CONFIDENCE = 0.95  # of the limits that are told

_LARGEST = 700.0  # of a log: its exponential, and one divided by that, are still numbers


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
class Question:
    """What is asked, checked once.

    Attributes:
        metric: the statistic.
        threshold: times worse from which it matters.
        between: what is assumed of unchanged runs.
        higher_is_better: values are rates; their reciprocals are judged.
        floor: a worsening by less, in the values' own unit, is nobody's problem.
        expected: the point that is compared with, as a person reads it; empty where runs are compared.
    """

    metric: str
    threshold: float
    between: Between
    higher_is_better: bool
    floor: float
    expected: str = ""

    def __post_init__(self) -> None:
        check_statistic(self.metric)
        if not self.threshold > 1:
            raise ValueError(f"threshold is {self.threshold:g}; it is times worse, so it must be above 1")
        if not self.floor >= 0:
            raise ValueError(f"floor is {self.floor:g}; it must not be below 0")
        if not self.between.tau0 >= 0:
            raise ValueError(f"tau0 is {self.between.tau0:g}; it must not be below 0")

    def worsening(self, level: float, log: float) -> float:
        """By how much the metric is worse, in its unit, where it is exp(log) times worse than the judged ``level``."""
        log = _within(log)
        return -math.expm1(-log) / level if self.higher_is_better else math.expm1(log) * level


def undecided(state: State, n: int, reason: str) -> Verdict:
    """A verdict on what could not be estimated."""
    return Verdict(state, False, None, None, None, n, reason)


def decide(question: Question, found: Difference, n: int, shortest: int) -> Verdict:
    """Apply the rule; ``n``: values of the current side, ``shortest``: of its shortest run."""
    worse, limit, error = found.log, math.log(question.threshold), math.sqrt(found.variance)
    reach = float(stdtrit(found.df, _CONFIDENCE)) * error
    change = question.worsening(found.level, worse)
    beyond = abs(change) >= question.floor
    alpha = ALPHA_IN_TURNS if question.between.interleaved else ALPHA

    def unlikely(distance: float) -> bool:
        """Whether a true ratio of sqrt(threshold) would hardly ever come out that far away."""
        return distance > limit and float(stdtr(found.df, (limit / 2 - distance) / error)) <= alpha

    ratio, low, high = (math.exp(_within(log)) for log in (worse, worse - reach, worse + reach))
    say = wording.Comparison(question.metric, ratio, low, high, question.threshold, question.expected)
    state: State = "inconclusive"
    if not beyond and question.worsening(found.level, worse + reach) < question.floor:
        unit = "" if question.higher_is_better else " s"
        state, reason = "ok", say.below_floor(abs(change), question.floor, unit)
    elif beyond and unlikely(worse):
        state, reason = "regression", say.regression()
    elif beyond and unlikely(-worse) and not question.expected:
        state, reason = "improvement", say.improvement()
    elif worse + float(stdtrit(found.df, SURE)) * error < limit:
        state, reason = "ok", say.ok()
    else:
        reason = say.inconclusive(_needed(found, limit, alpha, shortest), shortest)
    suspect = state == "inconclusive" and worse > limit and beyond
    return Verdict(state, suspect, ratio, low, high, n, reason)


def _within(log: float) -> float:
    """The nearest log whose exponential is a number."""
    return max(-_LARGEST, min(log, _LARGEST))


def _needed(found: Difference, limit: float, alpha: float, n: int) -> float:
    """Calls a run that would settle it if the estimate stayed; infinite where no number would."""
    if found.log > limit:
        error = (found.log - limit / 2) / float(stdtrit(found.df, 1 - alpha))
    else:
        error = (limit - found.log) / float(stdtrit(found.df, SURE))
    room = error**2 - (found.variance - found.shrinking)
    return math.ceil(n * found.shrinking / room) if room > 0 else math.inf
