"""Has a time become longer over its last runs, by less than a gate sees, and since which run?

A trend, never a verdict. Two shapes are looked for in the logarithms of a metric's values, run after run: level and
then ever longer, as of a leak or an index that grows, and level and then longer at once. The one that goes with the
values best is believed where their order is no accident: where hardly any other order of the same values goes with any
shape as well (a permutation test, as in Matteson and James 2014: it asks nothing of how values are distributed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.float64]

FEWEST = 8
"""Values below which no order is rare enough."""

LEAST_PCT = 5.0
"""What has come to less is nobody's problem: runs differ by 3 to 5 % as it is."""

ALPHA = 0.0005
"""Of one look. A metric is looked at after each run: over thirty quiet ones together that is below 1 %
(``benchmarks/creep.py``)."""

SHUFFLES = 9_999
SEED = 12
"""The same values always yield the same answer."""

LEVEL, AFTER = 3, 3
"""Values on either side of a step, and of a rise: a single odd run is neither."""


@dataclass(frozen=True, slots=True)
class Creep:
    """How a time became longer.

    Attributes:
        first: index of the first value that is longer.
        pct: by how many % the newest is longer than the level before, as the shape goes.
        per_run_pct: by how many % it becomes longer from run to run; 0 where it did at once.
        p: share of other orders of the same values that go with a shape as well.
        values: how many were looked at.
    """

    first: int
    pct: float
    per_run_pct: float
    p: float
    values: int


def creep(values: Sequence[float]) -> Creep | None:
    """Whether the values became longer, up to the newest.

    Args:
        values: one a run, oldest first, shape (n,), positive and finite; of one baseline.

    Returns:
        None where they did not, or it cannot be told from chance, or comes to less than `LEAST_PCT`.

    Raises:
        ValueError: a value is not above 0, or not finite.
    """
    if any(not (value > 0 and math.isfinite(value)) for value in values):
        raise ValueError(f"a time is finite and above 0: {list(values)}")
    n = len(values)
    if n < FEWEST:
        return None
    logs = np.log(np.asarray(values, dtype=np.float64))
    level = logs - logs.mean()
    norm = float(np.linalg.norm(level))
    if norm < 1e-12:  # they are all the same
        return None
    shapes, unit, firsts = _shapes(n)
    alike = unit @ level
    best = int(alike.argmax())
    if _rare(float(alike[best]) / norm, n) > ALPHA:  # this shape alone is no rarity: all together are less of one
        return None
    p = _p(level, float(alike[best]), unit)
    rise = float(alike[best]) / float(np.linalg.norm(shapes[best] - shapes[best].mean()))
    pct = 100 * math.expm1(rise * float(shapes[best][-1]))
    if p > ALPHA or pct < LEAST_PCT:
        return None
    step = float(shapes[best].max()) == 1.0
    return Creep(firsts[best], pct, 0.0 if step else 100 * math.expm1(rise), p, n)


@lru_cache(maxsize=64)
def _shapes(n: int) -> tuple[Array, Array, tuple[int, ...]]:
    """The shapes; the same centred and of length 1; where each leaves its level."""
    index = np.arange(n, dtype=np.float64)
    rises = [np.maximum(0.0, index - last) for last in range(n - AFTER)]
    steps = [(index >= first).astype(np.float64) for first in range(LEVEL, n - AFTER + 1)]
    firsts = (*range(1, n - AFTER + 1), *range(LEVEL, n - AFTER + 1))
    shapes = np.array([*rises, *steps])
    centred = shapes - shapes.mean(axis=1, keepdims=True)
    return shapes, centred / np.linalg.norm(centred, axis=1, keepdims=True), firsts


def _rare(correlation: float, n: int) -> float:
    """How often one shape would go with values of no order as well, nearly: Student's t."""
    rest = max(1e-15, 1 - correlation**2)
    return float(stdtr(n - 2, -correlation * math.sqrt((n - 2) / rest)))


def _p(level: Array, found: float, unit: Array) -> float:
    shuffled = level[_orders(len(level))] @ unit.T
    as_well = int((shuffled.max(axis=1) >= found - 1e-12).sum())
    return (1 + as_well) / (1 + SHUFFLES)


@lru_cache(maxsize=4)
def _orders(n: int) -> NDArray[np.intp]:
    return np.random.default_rng(SEED).permuted(np.tile(np.arange(n), (SHUFFLES, 1)), axis=1)
