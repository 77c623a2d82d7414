"""What one process does at a time: a cell, or a line that is no cell."""

from __future__ import annotations

from benchmarks.verdict_figures import special
from benchmarks.verdict_figures.cells import Cell, Counts, play
from benchmarks.verdict_figures.goals import Line

SPECIAL = {
    9: ("never_below_sixty",),
    10: ("equal_error_rates", "found_errors"),
    11: ("cost",),
    12: ("twelve_calls", "four_calls"),
    13: ("same_prompts",),
}
"""Rows that functions of ``special`` answer, or help to."""


def job(task: tuple[Cell | str, int]) -> Counts | list[Line]:
    """One cell, or one function of ``special`` by its name."""
    what, trials = task
    if isinstance(what, Cell):
        return play(what, trials)
    found = getattr(special, what)(trials)
    return [found] if isinstance(found, Line) else list(found)
