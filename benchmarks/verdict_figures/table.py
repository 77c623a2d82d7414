"""The printed table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.verdict_figures.goals import Line

HEAD = ("#", "case", "goal", "ours", "95 %", "naive", "any of 3", "trials", "", "")


def show(lines: Iterable[Line]) -> None:
    """Print lines beneath a head; the last column is the worst cell, or what else is worth knowing."""
    rows = [HEAD, *(_cells(line) for line in sorted(lines, key=lambda line: line.row))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _cells(line: Line) -> tuple[str, ...]:
    outcome = "-" if line.goal.limit is None else "PASS" if line.passed else "FAIL"
    return (
        str(line.row), line.case, str(line.goal), line.ours, line.limits, line.naive, line.any_of_three, line.trials,
        outcome, f"({line.worst})" if line.worst else "",
    )  # fmt: skip
