"""Functions of a series over a range: rates of counters, and what a gauge was over a time."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.promql.memory import Points

SLACK = 1.1
"""A range whose end is further from the next sample than so many sample intervals is not filled up to its end."""


def extrapolated(points: Points, start: float, end: float, *, counter: bool, per_s: bool) -> float | None:
    """``rate``, ``increase`` and ``delta``: the difference, extrapolated to the ends of the range as Prometheus does.

    Args:
        points: within the range.
        start: of the range.
        end: of the range.
        counter: whether a fall is a restart, and the value was 0 once.
        per_s: whether it is divided by the range.

    Returns:
        The value; None where fewer than two samples are there.
    """
    if len(points) < 2:
        return None
    (first_at, first), (last_at, last) = points[0], points[-1]
    value = last - first
    if counter:
        value += sum(before for (_, before), (_, after) in pairwise(points) if after < before)
    sampled = last_at - first_at
    interval = sampled / (len(points) - 1)
    to_start, to_end = first_at - start, end - last_at
    to_start = interval / 2 if to_start >= interval * SLACK else to_start
    to_end = interval / 2 if to_end >= interval * SLACK else to_end
    if counter and value > 0 and first >= 0:
        to_start = min(to_start, sampled * (first / value))
    value *= (sampled + to_start + to_end) / sampled
    return value / (end - start) if per_s else value


def instantly(points: Points, *, counter: bool, per_s: bool) -> float | None:
    """``irate`` and ``idelta``: the last two samples alone."""
    if len(points) < 2:
        return None
    (before_at, before), (after_at, after) = points[-2:]
    value = after if counter and after < before else after - before
    return value / (after_at - before_at) if per_s else value


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _deviation(values: list[float]) -> float:
    mean = _mean(values)
    return math.sqrt(_mean([(value - mean) * (value - mean) for value in values]))


def least(values: list[float]) -> float:
    """The smallest, NaN only where all are."""
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def most(values: list[float]) -> float:
    """The largest, NaN only where all are."""
    return max((value for value in values if not math.isnan(value)), default=math.nan)


def same(one: float, other: float) -> bool:
    """Whether two samples are alike; two NaN are."""
    return one == other or (math.isnan(one) and math.isnan(other))


OVER_TIME: dict[str, Callable[[list[float]], float]] = {
    "avg_over_time": _mean,
    "min_over_time": least,
    "max_over_time": most,
    "sum_over_time": sum,
    "count_over_time": lambda values: float(len(values)),
    "last_over_time": lambda values: values[-1],
    "stddev_over_time": _deviation,
    "present_over_time": lambda _: 1.0,
    "changes": lambda values: float(sum(not same(one, next_) for one, next_ in pairwise(values))),
    "resets": lambda values: float(sum(next_ < one for one, next_ in pairwise(values))),
}
"""By name: all values of the range to one; the range holds at least one."""
