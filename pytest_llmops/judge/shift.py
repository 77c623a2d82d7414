"""Has the mean of a number gone up or down from one period to the next, and by how much beyond doubt?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 3
"""Values of a period below which their spread says nothing."""

DOUBT = 0.05
"""How likely what counts as beyond doubt may be by chance."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The mean of one period, or a single value, beside the mean of the period before.

    Attributes:
        before, now: the means.
        pct: by how many % of ``before``, whatever its sign, the mean is another now; below 0 where it is less. Of
            nothing before all is new: 100 %.
        margin_pct: half of the interval of ``pct`` (90 %, so that each end is right in 95 of 100); of means by Welch
            (1947).
        values: of both periods together.
    """

    before: float
    now: float
    pct: float
    margin_pct: float
    values: int

    @property
    def up_pct(self) -> float:
        """By how many % it has gone up at the least; 0 where it may not have."""
        return max(0.0, self.pct - self.margin_pct)

    @property
    def down_pct(self) -> float:
        """By how many % it has gone down at the least; 0 where it may not have."""
        return max(0.0, -self.pct - self.margin_pct)

    @property
    def off_pct(self) -> float:
        """By how many % it is another at the least, in either direction."""
        return max(self.up_pct, self.down_pct)

    def __str__(self) -> str:
        return f"mean {self.now:.4g}, {self.before:.4g} in the period before: {self.pct:+.3g} % ± {self.margin_pct:.2g}"


def shift(before: Sequence[float], now: Sequence[float]) -> Shift:
    """Compare two periods.

    Args:
        before: values of the period before, shape (m,), finite.
        now: values of this one, shape (n,), finite.

    Raises:
        Vacuous: one of them has too few values.
    """
    _enough(before, now)
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (before, now)]
    variance = sum(parts)
    spread = sum(part**2 / (len(values) - 1) for part, values in zip(parts, (before, now), strict=True))
    margin = float(stdtrit(variance**2 / spread, 0.95)) * math.sqrt(variance) if spread else 0.0
    return _shift(before, now, margin)


def shift_of_one(before: Sequence[float], now: float) -> Shift:
    """Compare one value with those before it, each of its kind, as the mean of a run is with the means of earlier runs.

    Args:
        before: values of the period before, shape (m,), finite.
        now: of this one; it scatters as those before do.

    Raises:
        Vacuous: those before are too few.
    """
    if len(before) < FEWEST:
        raise Vacuous(f"{len(before)} values before are too few to say how one scatters; it takes {FEWEST}.")
    variance = float(np.var(before, ddof=1)) * (1 + 1 / len(before))
    return _shift(before, [now], float(stdtrit(len(before) - 1, 0.95)) * math.sqrt(variance))


def peak_up_pct(before: Sequence[float], now: Sequence[float]) -> float:
    """By how many % a period's values have gone above the highest of the one before; 0 where that may be chance.

    A single one may: that the k highest of all n + m values are among these n has a chance of C(n, k) / C(n + m, k)
    where nothing has changed. So the value counts that so many are as high as, that this is ``DOUBT`` at most.

    Args:
        before: values of the period before, m of them, finite.
        now: values of this one, n of them, finite.

    Raises:
        Vacuous: too few values.
    """
    _enough(before, now)
    m, n = len(before), len(now)
    needed = next(k for k in range(1, n + 1) if math.comb(n, k) / math.comb(n + m, k) <= DOUBT)
    peak, sure = max(before), sorted(now, reverse=True)[needed - 1]
    return 100 * max(0.0, sure - peak) / (abs(peak) or abs(sure) or 1.0)


def _shift(before: Sequence[float], now: Sequence[float], margin: float) -> Shift:
    was, mean = math.fsum(before) / len(before), math.fsum(now) / len(now)
    whole = abs(was) or abs(mean) or 1.0
    return Shift(was, mean, 100 * (mean - was) / whole, 100 * margin / whole, len(before) + len(now))


def _enough(before: Sequence[float], now: Sequence[float]) -> None:
    if min(len(before), len(now)) < FEWEST:
        raise Vacuous(
            f"{len(now)} values of this period and {len(before)} of the one before are too few to compare; "
            f"it takes {FEWEST} of each."
        )
