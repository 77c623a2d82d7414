"""A verdict's reason, as a sentence for people."""

from __future__ import annotations

import math
from dataclasses import dataclass

_MANY = 10_000  # calls that nobody makes to settle a verdict


def times(ratio: float) -> str:
    """``1.20 times worse``, ``1.20 times better`` or ``unchanged``."""
    if f"{ratio:.2f}" == "1.00":
        return "unchanged"
    return f"{ratio:.2f} times worse" if ratio > 1 else f"{1 / ratio:.2f} times better"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found, in times worse.

    Attributes:
        metric: the statistic's name.
        ratio: the estimate.
        low: its lower one-sided 95 % limit.
        high: its upper one-sided 95 % limit.
        threshold: from which it matters.
        expected: the point that was compared with, with its unit; empty where runs were.
    """

    metric: str
    ratio: float
    low: float
    high: float
    threshold: float
    expected: str = ""

    def regression(self) -> str:
        """Clearly worse."""
        return f"{self._found}; at best it is {times(self.low)}, and the threshold is {self.threshold:.2f}"

    def improvement(self) -> str:
        """Clearly better."""
        return f"{self._found}; at worst it is {times(self.high)}"

    def ok(self) -> str:
        """Surely below the threshold."""
        return f"{self._found}; at worst it is {times(self.high)}, and the threshold is {self.threshold:.2f}"

    def below_floor(self, change: float, floor: float, unit: str) -> str:
        """Too small a change to matter."""
        return f"{self._found}, a change of {change:.3g}{unit}; less than {floor:.3g}{unit} is nobody's problem"

    def inconclusive(self, needed: float, n: int) -> str:
        """Not to be told yet; ``needed`` calls in place of ``n`` would."""
        span = f"{self._found}, but {times(self.low)} and {times(self.high)} are both possible"
        if self.high < self.threshold:
            near = f"too near the threshold of {self.threshold:.2f} to be sure"
            span = f"{self._found}; at worst it is {times(self.high)}, {near}"
        if math.isinf(needed):
            return f"{span}; {self._hopeless}"
        if needed > _MANY:
            return f"{span}; more than {_MANY} calls would be needed to settle it"
        if needed <= n:
            return span
        return f"{span}; about {needed:.0f} calls in place of {n} would settle it"

    @property
    def _found(self) -> str:
        found = times(self.ratio)
        if not self.expected:
            return f"{self.metric} is {found}"
        if found == "unchanged":
            return f"{self.metric} is the {self.expected} that were expected"
        return f"{self.metric} is {found} than the {self.expected} that were expected"

    @property
    def _hopeless(self) -> str:
        """Why no number of calls would settle it."""
        if self.expected:
            return (
                "unchanged runs differ by as much from one day to another, so no number of calls would settle it: "
                "accept runs as a baseline"
            )
        return (
            "the runs differ too much from one another for more calls to settle it: accept more baseline runs, or "
            "compare side by side"
        )
