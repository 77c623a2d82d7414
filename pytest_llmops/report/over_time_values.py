"""What is made of a metric over time: how it went, how much room there is left, a period beside the one before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmops.target.durations import DAY_S

if TYPE_CHECKING:
    from pytest_llmops.judge.trends import Exhaustion, Trend


MONTH = 30
"""Days that a monthly report looks back."""

CENTURY = 36_525
"""Days; what takes longer is no forecast."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How a metric went.

    Attributes:
        name: of the metric.
        says: what it is.
        unit: of its values.
        now: the newest value.
        line: through all values, per day.
        limit: of it there is no more than this; None where nobody says.
        left: when that is reached; None without a limit.
        at: when that was reckoned, in seconds since the epoch.
    """

    name: str
    says: str
    unit: str
    now: float
    line: Trend
    limit: float | None
    left: Exhaustion | None
    at: float

    @property
    def per_month(self) -> float:
        """By how much it grows in thirty days."""
        return self.line.per_day * MONTH

    @property
    def forecast(self) -> tuple[float, float, float]:
        """Where it is in thirty days: as the line goes on from now, at the least and at the most (95 %)."""
        line = self.line
        return self.now + line.per_day * MONTH, self.now + line.low * MONTH, self.now + line.high * MONTH

    @property
    def room(self) -> float:
        """How much of it there is left until the limit; infinite without one."""
        return float("inf") if self.limit is None else self.limit - self.now

    @property
    def time_left_s(self) -> float | None:
        """Seconds until the limit is reached; None where it is not within a century, or there is none."""
        if self.left is None or self.left.days > CENTURY:
            return None
        return self.left.days * DAY_S

    @property
    def month(self) -> str:
        """The month in which the limit is reached, such as ``2027-03``; empty where `time_left_s` is None."""
        left_s = self.time_left_s
        return "" if left_s is None else time.strftime("%Y-%m", time.gmtime(self.at + left_s))


@dataclass(frozen=True, slots=True)
class Room:
    """How much of something there is, and how much there may be.

    Attributes:
        now: its value.
        limit: of it there is no more than this.
    """

    now: float
    limit: float

    @property
    def left(self) -> float:
        """How much more there may be; below 0 where there is too much already."""
        return self.limit - self.now

    @property
    def used_pct(self) -> float:
        """How much there is, of 100 that there may be."""
        return 100 * self.now / self.limit


@dataclass(frozen=True, slots=True)
class Beside:
    """What runs recorded of a metric in a period, and in the one before.

    Attributes:
        before, now: values, oldest first.
        unit: as they were recorded.
    """

    before: list[float]
    now: list[float]
    unit: str

    @property
    def mean(self) -> float:
        """Of this period."""
        return fmean(self.now)

    @property
    def peak(self) -> float:
        """Of this period."""
        return max(self.now)

    @property
    def said(self) -> str:
        """The period before, in words."""
        return (
            f"{len(self.now)} values; in the period before mean {fmean(self.before):.4g}, peak {max(self.before):.4g}"
        )
