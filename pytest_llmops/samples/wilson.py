"""What a count of hits says of the rate behind it: Wilson's interval (1927)."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""Both ends of the interval together leave 5 % out."""


def interval(hits: float, of: float, z: float = Z95) -> tuple[float, float]:
    """Lower and upper limit of a rate, from 0 to 1; nothing was tried: 0 and 1.

    Args:
        hits: how often it came out so; need not be whole where ``of`` is an effective number.
        of: how often it was tried.
        z: normal quantile of each end; 1.6449 leaves 5 % out on one side.

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} hits of {of} cannot be")
    if not of:
        return 0.0, 1.0
    rate, square = hits / of, z**2
    centre = rate + square / 2 / of
    reach = z * math.sqrt(rate * (1 - rate) / of + square / 4 / of**2)
    low, high = (centre - reach) / (1 + square / of), (centre + reach) / (1 + square / of)
    return max(0.0, min(low, rate)), min(1.0, max(high, rate))  # rounding: the rate itself lies within
