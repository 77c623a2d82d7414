"""Does a number that ought to be stable rise with each step of what is done? A leak does, however slowly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.trends import trend

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Rise:
    """By how much a number rises with a step.

    Attributes:
        typical: the median slope.
        at_least: what it rises by beyond doubt (95 %); 0 where it may be stable: connections come and go, and what is
            opened once at first use is no leak.
        said: from what to what it went, in words.
    """

    typical: float
    at_least: float
    said: str


def rise(values: Sequence[float]) -> Rise:
    """By how much a number rises with a step: Theil's and Sen's line, which a single jump does not bend.

    Args:
        values: before the first step and after each, shape (n,), finite, n >= 2.

    Raises:
        Vacuous: they are so few that nothing is beyond doubt.
    """
    line = trend(range(len(values)), values)  # a step is a day to it
    said = f"from {values[0]:g} to {values[-1]:g} in {len(values) - 1} steps"
    if math.isinf(line.low):
        raise Vacuous(f"{len(values)} values are too few to say whether they rise ({said}).")
    return Rise(line.per_day, max(0.0, line.low), said)
