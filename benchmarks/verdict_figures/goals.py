"""What the table has to show: goals, and lines that were measured against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import betaincinv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.verdict_figures.cells import Cell, Counts

ONE_CELL = 0.99
"""Confidence with which a single cell has to miss before its line does: there are hundreds, and some are unlucky."""


@dataclass(frozen=True)
class Goal:
    """``at_most`` or at least so much; ``None``: shown without one."""

    limit: float | None
    at_most: bool = True
    percent: bool = True
    unit: str = ""

    def holds(self, value: float) -> bool:
        if self.limit is None:
            return True
        return value <= self.limit if self.at_most else value >= self.limit

    def said(self, value: float) -> str:
        return f"{100 * value:.2f} %" if self.percent else f"{value:.1f}{self.unit}"

    def __str__(self) -> str:
        if self.limit is None:
            return "-"
        return f"{'<=' if self.at_most else '>='} " + (
            f"{100 * self.limit:g} %" if self.percent else f"{self.limit:g}{self.unit}"
        )


@dataclass(frozen=True)
class Line:
    """A measured line of the table."""

    row: int
    case: str
    goal: Goal
    ours: str
    limits: str
    naive: str
    any_of_three: str
    trials: str
    worst: str
    passed: bool


@dataclass(frozen=True)
class Asked:
    """A line that cells answer.

    Attributes:
        counted: the state whose share is asked; ``calls``: the mean of calls.
        gate: what the naive gate is counted for: its alarms, or (``quiet``) its silence.
        pooled: the cells only together; else no cell may clearly miss either.
    """

    row: int
    case: str
    goal: Goal
    counted: str
    cells: tuple[Cell, ...]
    gate: str = "alarm"
    pooled: bool = False

    def measured(self, played: Mapping[Cell, Counts]) -> Line:
        found = [(cell, played[cell]) for cell in self.cells]
        trials = sum(counts.trials for _, counts in found)
        share = sum(self._count(counts) for _, counts in found) / trials
        by_badness = sorted(found, key=lambda pair: self._count(pair[1]) / pair[1].trials, reverse=self.goal.at_most)
        cell, counts = by_badness[0]
        worst = self._count(counts) / counts.trials
        passed = self.goal.holds(share) and (self.pooled or not self._clearly_misses(counts))
        return Line(
            self.row,
            self.case,
            self.goal,
            self.goal.said(share),
            self._limit(share, trials),
            *self._naive([counts for _, counts in found], trials),
            f"{len(found)} x {counts.trials}",
            f"{self.goal.said(worst)}: {cell}" if len(found) > 1 else "",
            passed,
        )

    def _count(self, counts: Counts) -> int:
        return counts.calls if self.counted == "calls" else counts.states[self.counted]

    def _clearly_misses(self, counts: Counts) -> bool:
        count = self._count(counts)
        if self.counted == "calls" or not self.goal.percent:
            return not self.goal.holds(count / counts.trials)
        best = limit(count, counts.trials, ONE_CELL, upper=not self.goal.at_most)
        return not self.goal.holds(best)

    def _limit(self, share: float, trials: int) -> str:
        if self.counted == "calls":
            return ""
        return bound(round(share * trials), trials, self.goal)

    def _naive(self, found: list[Counts], trials: int) -> tuple[str, str]:
        if self.counted in {"calls", "inconclusive"}:
            return "", ""
        own, every = (sum(counts.states[which] for counts in found) / trials for which in ("naive", "any"))
        if self.gate == "quiet":
            own, every = 1 - own, 1 - every
        return f"{100 * own:.1f} %", f"{100 * every:.1f} %"


def bound(count: int, trials: int, goal: Goal) -> str:
    """The 95 % limit on the side where the goal would be missed."""
    return f"{'<' if goal.at_most else '>'} {100 * limit(count, trials, 0.95, upper=goal.at_most):.2f} %"


def limit(count: int, trials: int, confidence: float, *, upper: bool) -> float:
    """Clopper and Pearson's one-sided limit of a share."""
    if upper:
        return 1.0 if count == trials else float(betaincinv(count + 1, trials - count, confidence))
    return 0.0 if not count else float(betaincinv(count, trials - count + 1, 1 - confidence))
