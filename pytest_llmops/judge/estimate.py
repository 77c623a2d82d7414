"""Estimates on the log scale, each with its sampling variance: quantiles, mean, shift, autocorrelation."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import bdtr, betainc

from pytest_llmops.errors import did_you_mean
from pytest_llmops.samples import STATISTICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

_QUANTILES = {"typical": 0.50, "p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
NO_SPREAD = 1e-12  # constant data have no variance; a tiny one keeps the arithmetic defined
_Z95 = 1.6449
_RARE = 0.01


class Estimate(NamedTuple):
    """A statistic of one run, on the log scale.

    Attributes:
        log: natural logarithm of the statistic.
        variance: its sampling variance.
        df: degrees of freedom of that variance.
    """

    log: float
    variance: float
    df: float


def check_statistic(name: str) -> None:
    """Raise ValueError, naming the nearest, unless ``name`` is one of ``STATISTICS``."""
    if name not in STATISTICS:
        known = ", ".join(STATISTICS)
        raise ValueError(f"unknown statistic {name!r}; there are {known}.{did_you_mean(name, STATISTICS)}")


def statistic(values: Sequence[float], name: str) -> float:
    """The plain value of a statistic, for display and thresholds, in the unit of the values.

    ``typical`` is the median; quantiles are interpolated linearly. A call that timed out may be given as
    ``math.inf``: the result is infinite where it reaches the statistic, and never NaN.

    Raises:
        ValueError: an unknown statistic, or no values.
    """
    check_statistic(name)
    if not values:
        raise ValueError(f"there is no {name} of no values")
    if name == "mean":
        return math.fsum(values) / len(values)
    ordered = sorted(values)
    position = _QUANTILES[name] * (len(ordered) - 1)
    below = math.floor(position)
    part = position - below
    if part < 1e-9:  # an exact hit must not look at its neighbour, which may be infinite
        return ordered[below]
    if math.isinf(ordered[below + 1]):
        return math.inf
    return ordered[below] + part * (ordered[below + 1] - ordered[below])


def at_least(values: Sequence[float], name: str) -> float | None:
    """What a quantile is at the least, with 99 % confidence, in the unit of the values: one of them, by its rank.

    Below a true quantile q lie fewer than k of n values as often as a binomial count stays below k, however they are
    spread (Conover, Practical Nonparametric Statistics, 1999, section 3.2).

    Args:
        values: however few.
        name: ``p90``, ``p95``, ``p99``, or the median by either name.

    Returns:
        None where so few values show nothing.
    """
    q, n = _QUANTILES[name], len(values)
    sure = [rank for rank in range(1, n + 1) if bdtr(rank - 1, n, q) <= _RARE]
    return sorted(values)[sure[-1] - 1] if sure else None


def log_statistic(values: Values, name: str) -> Estimate:
    """Estimate a statistic of one run; ``values``: shape (n,), n >= 2, finite and above zero.

    The mean's variance is by the delta method; quantiles are Harrell and Davis's (1982) on the logs, with the
    variance of Maritz and Jarrett (1978).
    """
    n = len(values)
    if name == "mean":
        mean = float(values.mean())
        variance = float(values.var(ddof=1)) / n / mean**2
        return Estimate(math.log(mean), max(variance, NO_SPREAD), n - 1)
    q = _QUANTILES[name]
    ordered = np.sort(np.log(values))
    weights = _harrell_davis(n, q)
    centre = float(weights @ ordered)
    variance = float(weights @ (ordered - centre) ** 2)
    return Estimate(centre, max(variance, NO_SPREAD), max(2.0, min(n - 1, 2 * n * (1 - q))))


def log_shift(baseline: Values, current: Values) -> Estimate:
    """Hodges-Lehmann shift of the logs: the median of all differences current - baseline.

    ``baseline``: shape (n,), ``current``: shape (m,). The standard error inverts the Mann-Whitney test at 95 %.
    """
    before, now = np.sort(np.log(baseline)), np.sort(np.log(current))
    n, m = len(before), len(now)
    pairs = n * m
    edge = max(1, round(pairs / 2 - _Z95 * math.sqrt(pairs * (n + m + 1) / 12)))
    low, left, right, high = _ranked_differences(
        before, now, [edge, (pairs + 1) // 2, pairs // 2 + 1, pairs - edge + 1]
    )
    error = (high - low) / 2 / _Z95
    return Estimate((left + right) / 2, max(error**2, NO_SPREAD), n + m - 2)


def inflation(runs: Sequence[Values]) -> float:
    """How much autocorrelation inflates variances: (1+r)/(1-r) for an AR(1) series, never below 1.

    ``runs``: log values in time order. r is the pooled lag-1 autocorrelation, corrected for bias and clipped to
    [0, .9].
    """
    centred = [run - run.mean() for run in runs]
    square = sum(float(run @ run) for run in centred)
    if square < NO_SPREAD:
        return 1.0
    r = sum(float(run[:-1] @ run[1:]) for run in centred) / square
    length = sum(len(run) for run in runs) / len(runs)
    r = min(max(r + (1 + 3 * r) / length, 0.0), 0.9)
    return (1 + r) / (1 - r)


@cache
def _harrell_davis(n: int, q: float) -> Values:
    steps = betainc((n + 1) * q, (n + 1) * (1 - q), np.arange(n + 1) / n)
    return np.asarray(np.diff(steps), dtype=np.float64)


def _ranked_differences(before: Values, now: Values, ranks: Sequence[int]) -> list[float]:
    """The differences of those ranks (from 1), by bisection on their count: n*m of them are never held."""
    wanted = np.asarray(ranks)
    low = np.full(len(ranks), now[0] - before[-1] - 1e-9)
    high = np.full(len(ranks), now[-1] - before[0] + 1e-9)
    for _ in range(40):
        middle = (low + high) / 2
        above = np.searchsorted(before, now[:, None] - middle, side="left").sum(axis=0)
        reached = len(before) * len(now) - above >= wanted
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
    return [float(value) for value in high]
