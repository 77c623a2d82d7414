"""The verdict on what a run has one value of: it is held against how far the accepted runs lie apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from pytest_llmops.judge.decision import SURE, Verdict, undecided
from pytest_llmops.judge.wording import times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.decision import State

FEWEST = 5
"""Accepted runs, before one value is judged: fewer do not tell how far unchanged runs lie apart."""

KEPT = 20
"""Newest like runs that one value is compared with: each of them is but one value, too."""

ALPHA = 0.001
"""One-sided error probability. Stricter than for many calls: no second run confirms, and a run of all drills has some
fifty such values."""

_CONFIDENCE = 0.95  # of the limits that are told


def judge_once(
    before: Sequence[float], now: float, *, exact: float, threshold: float = 1.20, tau0: float = 0.05
) -> Verdict:
    """Judge one value, of which lower is better, against one of each accepted run.

    Judged are logs, ``exact`` added to both sides, so that 0 has one. The scatter is that of the accepted runs, but no
    less than ``tau0``. A regression needs a ratio above ``threshold`` and a one-sided p <= .001 against a true ratio of
    sqrt(threshold) or less. One value is never suspect: what scatter explains it does not say again.

    Args:
        before: one value of each run, in the unit of ``now``, none below 0.
        now: of this run, not below 0.
        exact: by so much two values may differ for no other reason than how they are taken; above 0.
        threshold: times worse from which it matters.
        tau0: least spread of the log between unchanged runs.

    Raises:
        ValueError: a value is below 0, or a setting out of range.
    """
    if not exact > 0 or not threshold > 1 or not tau0 > 0:
        raise ValueError(f"exact {exact:g} and tau0 {tau0:g} must be above 0, threshold {threshold:g} above 1")
    if min(now, *before, 0) < 0:
        raise ValueError(f"values must not be below 0: {min(now, *before):g}")
    if not before:
        return undecided("no-baseline", 1, "there is no baseline to compare with")
    if len(before) < FEWEST:
        return undecided("inconclusive", 1, f"one value of a run needs {FEWEST} accepted runs; there are {len(before)}")
    logs = np.log(np.asarray(before, dtype=np.float64) + exact)
    df, middle = len(logs) - 1, float(logs.mean())
    worse, limit = math.log(now + exact) - middle, math.log(threshold)
    error = max(float(logs.std(ddof=1)), tau0) * math.sqrt(1 + 1 / len(logs))
    change = now + exact - math.exp(middle)
    reach, sure = (float(stdtrit(df, share)) * error for share in (_CONFIDENCE, SURE))

    def unlikely(distance: float) -> bool:
        return distance > limit and float(stdtr(df, (limit / 2 - distance) / error)) <= ALPHA

    found = times(math.exp(worse))
    state: State = "inconclusive"
    if abs(change) < exact:
        state, reason = "ok", f"{found}, a change of {abs(change):.3g} s; it is exact to {exact:.3g} s"
    elif unlikely(worse):
        state, reason = "regression", f"{found}, and the accepted runs do not lie so far apart"
    elif unlikely(-worse):
        state, reason = "improvement", f"{found}, and the accepted runs do not lie so far apart"
    elif worse + sure < limit:
        state, reason = "ok", f"{found}; the threshold is {threshold:.2f}"
    else:
        reason = f"{found}; by chance it may be {times(math.exp(worse - reach))} or {times(math.exp(worse + reach))}"
    ratio, low, high = (math.exp(one) for one in (worse, worse - reach, worse + reach))
    return Verdict(state, False, ratio, low, high, 1, reason)
