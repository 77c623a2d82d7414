"""The gate that everybody writes first: a statistic of now over the same of then, above 1.20."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLD = 1.20

_STATISTICS = {"typical": np.median, "mean": np.mean, "p95": lambda values: np.quantile(values, 0.95)}


def alarms(before: NDArray[np.float64], now: NDArray[np.float64]) -> frozenset[str]:
    """The statistics for which it fires."""
    return frozenset(name for name, statistic in _STATISTICS.items() if statistic(now) / statistic(before) > THRESHOLD)
