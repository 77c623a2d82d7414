"""The verdict on error rates: are more calls failing than before?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from pytest_llmops.judge.decision import Verdict
from pytest_llmops.samples.wilson import interval

if TYPE_CHECKING:
    from pytest_llmops.judge.decision import State

ALPHA = 0.02
"""One-sided mid-p up to which more failures are called a regression."""
MIN_POINTS = 0.01
"""A rise by less than one percentage point is no regression."""
MIN_EXTRA = 2
"""Nor is one by fewer than two calls."""
MARGIN = 0.02
"""Rise in percentage points (or 20 % of the old rate, if that is more) that is tolerated: surely below it is ok."""

_Z95 = 1.6449
_MANY = 100_000

Counts = tuple[int, int]


def judge_failures(baseline: Counts, current: Counts) -> Verdict:
    """Judge failed calls against the baseline's; each side is (failed, calls).

    A regression needs Fisher's one-sided mid-p <= .02, one percentage point and two calls more than expected; ok
    needs Newcombe's (1998) upper 95 % limit of the rise within max(2 points, 20 % of the old rate). The ratio and its
    limits are those of the rates with half a failure added to each side, so that they are finite.

    Raises:
        ValueError: counts that cannot be.
    """
    for name, (failed, calls) in (("baseline", baseline), ("current", current)):
        if not 0 <= failed <= calls:
            raise ValueError(f"{failed} failed of {calls} calls cannot be ({name})")
    if not baseline[1]:
        return Verdict("no-baseline", False, None, None, None, current[1], "there is no baseline to compare with")
    if not current[1]:
        return Verdict("inconclusive", False, None, None, None, 0, "no call was made")
    ratio, low, high = _ratio(baseline, current)
    found = f"{_rate(current)} of {current[1]} calls failed, {_rate(baseline)} of {baseline[1]} in the baseline"

    def verdict(state: State, reason: str, *, suspect: bool = False) -> Verdict:
        return Verdict(state, suspect, ratio, low, high, current[1], f"{found}; {reason}")

    rise = newcombe_upper(baseline, current)
    if _matters(baseline, current) and mid_p(baseline, current) <= ALPHA:
        return verdict("regression", f"chance alone does so in {mid_p(baseline, current):.1%} of all cases")
    if _matters(current, baseline) and mid_p(current, baseline) <= ALPHA:
        return verdict("improvement", f"chance alone does so in {mid_p(current, baseline):.1%} of all cases")
    if rise <= _margin(baseline):
        return verdict("ok", f"the rise is {100 * rise:.1f} points at most")
    reason = f"the rise may be {100 * rise:.1f} points; {_needed(baseline, current)}"
    return verdict("inconclusive", reason, suspect=_matters(baseline, current))


def mid_p(baseline: Counts, current: Counts) -> float:
    """Fisher's one-sided mid-p that the current side fails more often."""
    (a, n0), (b, n1) = baseline, current
    failed = a + b
    more = np.arange(b, min(failed, n1) + 1)
    chances = np.exp(_log_choose(n1, more) + _log_choose(n0, failed - more) - _log_choose(n0 + n1, failed))
    return float(chances[1:].sum() + chances[0] / 2)


def newcombe_upper(baseline: Counts, current: Counts) -> float:
    """Upper one-sided 95 % limit of the rise of the rate, by Newcombe's hybrid of Wilson limits."""
    was, now = baseline[0] / baseline[1], current[0] / current[1]
    low, high = interval(*baseline, _Z95)[0], interval(*current, _Z95)[1]
    return now - was + math.hypot(high - now, was - low)


def _matters(before: Counts, after: Counts) -> bool:
    was = before[0] / before[1]
    return after[0] / after[1] - was >= MIN_POINTS and after[0] - was * after[1] >= MIN_EXTRA


def _margin(baseline: Counts) -> float:
    return max(MARGIN, 0.2 * baseline[0] / baseline[1])


def _ratio(baseline: Counts, current: Counts) -> tuple[float, float, float]:
    (a, n0), (b, n1) = baseline, current
    log = math.log((b + 0.5) / (n1 + 0.5) * (n0 + 0.5) / (a + 0.5))
    reach = _Z95 * math.sqrt(max(0.0, 1 / (a + 0.5) - 1 / (n0 + 0.5) + 1 / (b + 0.5) - 1 / (n1 + 0.5)))
    return math.exp(log), math.exp(log - reach), math.exp(log + reach)


def _needed(baseline: Counts, current: Counts) -> str:
    """How many calls would settle it if both rates stayed."""
    calls = current[1]
    while calls < _MANY:
        calls *= 2
        more = round(current[0] * calls / current[1]), calls
        if newcombe_upper(baseline, more) <= _margin(baseline):
            return f"some {calls} calls would settle it"
        if _matters(baseline, more) and mid_p(baseline, more) <= ALPHA:
            return f"some {calls} calls would settle it"
    return "only a baseline of more calls would settle it"


def _log_choose(n: int, k: np.ndarray | int) -> np.ndarray:
    return np.asarray(gammaln(n + 1) - gammaln(np.asarray(k) + 1) - gammaln(n - np.asarray(k) + 1))


def _rate(counts: Counts) -> str:
    return f"{counts[0] / counts[1]:.1%}"
