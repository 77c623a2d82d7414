"""The comparison as a picture: every call then and now, the medians, and the line that fails."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.measure.results import Comparison

WIDTH, LEFT, RIGHT, PANEL = 760, 90, 30, 165
LONGEST = 12  # characters beside a strip
INK, QUIET, THEN, NOW, LIMIT = "#1f2933", "#7b8794", "#8aa4bf", "#2065a8", "#c0392b"


def comparison_picture(
    comparisons: Sequence[Comparison], threshold: float, sides: tuple[str, str] = ("baseline", "now")
) -> str:
    """An SVG with one panel per metric.

    Args:
        comparisons: the values of each metric, then and now.
        threshold: times the baseline's median at which the red line stands.
        sides: what stands beside the dots; two names where deployments were called in turns.
    """
    height = PANEL * len(comparisons) + 10
    panels = "".join(
        f'<g transform="translate(0 {10 + PANEL * index})">{_panel(comparison, threshold, sides)}</g>'
        for index, comparison in enumerate(comparisons)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{panels}</svg>'
    )


def _panel(comparison: Comparison, threshold: float, sides: tuple[str, str]) -> str:
    result = comparison.result
    limit = median(comparison.baseline) * threshold
    values = [*comparison.baseline, *comparison.current, limit]
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or high * 0.1
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    times = "" if result.ratio is None else f": {result.ratio:.2f} times ({result.low:.2f} to {result.high:.2f})"
    title = f"{result.name}{times}, {result.state}"
    ticks = "".join(
        f'<text x="{x(value)}" y="144" text-anchor="middle" fill="{QUIET}">{spoken(value)}</text>'
        f'<line x1="{x(value)}" x2="{x(value)}" y1="126" y2="130" stroke="{QUIET}"/>'
        for value in (low + (high - low) * step / 4 for step in range(5))
    )
    return (
        f'<text x="{LEFT}" y="14" font-weight="600">{escape(title)}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="126" y2="126" stroke="{QUIET}"/>{ticks}'
        + _strip(_short(sides[0]), comparison.baseline, 60, THEN, x)
        + _strip(_short(sides[1]), comparison.current, 100, NOW, x)
        + f'<line x1="{x(limit)}" x2="{x(limit)}" y1="40" y2="126" stroke="{LIMIT}" stroke-dasharray="4 3"/>'
        f'<text x="{x(limit)}" y="36" text-anchor="middle" fill="{LIMIT}">+{threshold - 1:.0%}</text>'
    )


def _short(name: str) -> str:
    """What there is room for beside a strip."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _strip(name: str, values: Sequence[float], y: int, color: str, x: Callable[[float], float]) -> str:
    """One side: a dot per call, spread a little in height, and the median as a bar with its value."""
    dots = "".join(
        f'<circle cx="{x(value)}" cy="{y - 9 + (index * 7) % 19}" r="3" fill="{color}" fill-opacity=".45"/>'
        for index, value in enumerate(values)
    )
    middle = x(median(values))
    return (
        f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>{dots}'
        f'<line x1="{middle}" x2="{middle}" y1="{y - 15}" y2="{y + 15}" stroke="{INK}" stroke-width="2"/>'
        f'<text x="{WIDTH - RIGHT}" y="{y - 17}" text-anchor="end" fill="{QUIET}">'
        f"median {spoken(median(values))}, {len(values)} calls</text>"
    )
