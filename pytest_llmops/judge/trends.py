"""Where a figure is going: a slope that single odd days do not bend, and the day on which something is used up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 4
"""Values below which the interval of a slope is unbounded whatever they are: Kendall's statistic cannot reach 5 %."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through values over days, by Theil (1950) and Sen (1968).

    Attributes:
        per_day: the median slope of all pairs.
        low, high: its confidence interval; infinite where there are too few values for one.
        level: of the line on the newest day.
        values: how many it was drawn through.
        days: from the oldest to the newest.
    """

    per_day: float
    low: float
    high: float
    level: float
    values: int
    days: float

    @property
    def grows(self) -> bool:
        """Whether it rises beyond doubt."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """When a level that grows reaches a limit, in days from the newest value.

    Attributes:
        days: by the slope; infinite where it does not rise.
        earliest: by the upper end of its interval, so it may be sooner; infinite where even that does not rise.
        latest: by the lower end.
    """

    days: float
    earliest: float
    latest: float


def trend(days: Sequence[float], values: Sequence[float], confidence: float = 0.95) -> Trend:
    """The line through values.

    The interval is Sen's: the slopes whose ranks lie as far from the middle as Kendall's statistic does by chance, with
    the variance corrected for equal values.

    Args:
        days: when each was taken, in days, in any order; at least two that differ.
        values: shape (n,), finite.
        confidence: of the interval, between 0 and 1.

    Raises:
        ValueError: fewer than two moments, lengths that differ.
    """
    at, level = np.asarray(days, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if len(at) != len(level):
        raise ValueError(f"{len(at)} days and {len(level)} values")
    first, second = np.triu_indices(len(at), k=1)
    apart = at[second] - at[first]
    different = apart != 0
    if not different.any():
        raise ValueError("a trend needs values of two moments at least")
    slopes = np.sort((level[second] - level[first])[different] / apart[different])
    middle = float(np.median(slopes))
    low, high = _interval(slopes, level, confidence)
    newest = float(at.max())
    at_newest = float(np.median(level - middle * at)) + middle * newest
    return Trend(middle, low, high, at_newest, len(level), newest - float(at.min()))


def exhaustion(line: Trend, limit: float, now: float | None = None) -> Exhaustion:
    """When a limit is reached, as the line goes; at once where it is reached already.

    Args:
        line: the trend.
        limit: in the unit of the values.
        now: the level from which it goes on; that of the line by default.
    """
    left = limit - (line.level if now is None else now)

    def days_at(per_day: float) -> float:
        if left <= 0:
            return 0.0
        return left / per_day if per_day > 0 else math.inf

    return Exhaustion(days_at(line.per_day), days_at(line.high), days_at(line.low))


def _interval(
    slopes: np.ndarray[tuple[int], np.dtype[np.float64]], values: object, confidence: float
) -> tuple[float, float]:
    """Sen's (1968) interval of the median slope."""
    level = np.asarray(values)
    n = len(level)
    if n < FEWEST:
        return -math.inf, math.inf
    _, ties = np.unique(level, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float(np.sum(ties * (ties - 1) * (2 * ties + 5)))) / 18
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt(max(variance, 0.0))
    count = len(slopes)
    below, above = math.floor((count - reach) / 2), math.ceil((count + reach) / 2)
    low = float(slopes[below - 1]) if below >= 1 else -math.inf
    high = float(slopes[above]) if above < count else math.inf
    return low, high
