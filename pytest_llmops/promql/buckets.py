"""The quantile of a histogram, from its cumulative buckets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def quantile(share: float, buckets: Iterable[tuple[float, float]]) -> float:
    """Prometheus' ``histogram_quantile`` of one histogram: linear within the bucket, never above the last finite bound.

    Args:
        share: 0.95 for the 95th percentile.
        buckets: (upper bound, cumulative count), in any order.

    Returns:
        The quantile; NaN where nothing was counted, or the bucket of all is missing.
    """
    if math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    summed: dict[float, float] = {}
    for bound, count in buckets:
        summed[bound] = summed.get(bound, 0.0) + count
    bounds = sorted(summed)
    if len(bounds) < 2 or bounds[-1] != math.inf:
        return math.nan
    counts, most = [], 0.0
    for bound in bounds:  # scraped one after the other, they may contradict each other
        most = max(most, summed[bound])
        counts.append(most)
    if not counts[-1]:
        return math.nan
    rank = share * counts[-1]
    place = next((at for at, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if place == len(counts) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    start, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    held = counts[place] - below  # 0 only for the lowest quantile of an empty first bucket
    return start + (bounds[place] - start) * ((rank - below) / held) if held else math.nan
