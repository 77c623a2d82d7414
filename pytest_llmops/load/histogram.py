"""Counts of times in buckets so narrow that any percentile is told to 0.1 %, and that add up across workers.

Bucket i holds what lies between ``FIRST_S * GROWTH ** i`` and the next, and stands for the geometric middle of both: at
most 0.1 % from all that is in it (the bound of DDSketch: Masson, Rim and Lee 2019, with alpha = 0.001).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

PRECISION = 0.001
GROWTH = (1 + PRECISION) / (1 - PRECISION)
FIRST_S = 1e-9
"""What is below it, such as a difference of clocks that is 0, is counted as this."""


@dataclass
class Histogram:
    """How many values lie in each bucket.

    Attributes:
        counts: by the bucket's number; empty buckets are left out.
    """

    counts: Counter[int] = field(default_factory=Counter)

    @classmethod
    def read(cls, plain: Mapping[str, int]) -> Histogram:
        """Out of :meth:`as_json`."""
        return cls(Counter({int(bucket): int(count) for bucket, count in plain.items()}))

    def as_json(self) -> dict[str, int]:
        """Plain JSON."""
        return {str(bucket): count for bucket, count in self.counts.items()}

    def add(self, values: Iterable[float]) -> None:
        """Count values, in seconds."""
        scale = 1 / math.log(GROWTH)
        self.counts.update(math.floor(math.log(max(value, FIRST_S) / FIRST_S) * scale) for value in values)

    def merge(self, other: Histogram) -> None:
        """Count what another has counted: nothing is lost by it."""
        self.counts.update(other.counts)

    def __len__(self) -> int:
        return self.counts.total()

    def values(self) -> NDArray[np.float64]:
        """Every value again, ascending, to 0.1 %; shape (n,)."""
        buckets = np.array(sorted(self.counts), dtype=np.float64)
        middle = FIRST_S * GROWTH**buckets * 2 * GROWTH / (1 + GROWTH)
        return np.repeat(middle, [self.counts[int(bucket)] for bucket in buckets])
