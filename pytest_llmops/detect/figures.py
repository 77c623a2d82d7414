"""How often a detector is right: precision and recall over labelled cases, with Wilson's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.samples.wilson import interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.detect.cases import Case

WANTED = 0.90
"""From the lower limits of precision and recall on."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share, from 0 to 1, with the limits of its 95 % interval; ``value`` is None where nothing was to be counted."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share itself."""
        return self.hits / self.of if self.of else None

    @property
    def low(self) -> float:
        """Wilson's lower limit; 0 where nothing was to be counted."""
        return interval(self.hits, self.of)[0]

    @property
    def high(self) -> float:
        """Wilson's upper limit; 1 where nothing was to be counted."""
        return interval(self.hits, self.of)[1]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a detector made of labelled cases.

    Attributes:
        found: positive cases that it found.
        missed: positive cases that it did not find.
        mistaken: negative cases in which it found something.
        passed: negative cases in which it found nothing.
    """

    found: int
    missed: int
    mistaken: int
    passed: int

    @property
    def precision(self) -> Rate:
        """Of what it finds, how much is really there."""
        return Rate(self.found, self.found + self.mistaken)

    @property
    def recall(self) -> Rate:
        """Of what is there, how much it finds."""
        return Rate(self.found, self.found + self.missed)

    @property
    def good(self) -> bool:
        """Whether both lower limits are as high as wanted."""
        return min(self.precision.low, self.recall.low) >= WANTED


def figures(detector: Callable[[Case], bool], cases: Iterable[Case]) -> Figures:
    """Try a detector on each case."""
    counts = {(label, found): 0 for label in (True, False) for found in (True, False)}
    for case in cases:
        counts[case.label, bool(detector(case))] += 1
    return Figures(counts[True, True], counts[True, False], counts[False, True], counts[False, False])
