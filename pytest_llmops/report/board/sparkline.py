"""A metric's way to where it is now, no larger than a word: an SVG that inherits the page's colors."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from pytest_llmops.judge.thresholds import said
from pytest_llmops.report.metric import so_many
from pytest_llmops.target.moments import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.state.history.lately import Recorded

WIDTH, HEIGHT, EDGE = 132, 30, 4

FAR = 2.0
"""Times the range of the values: a limit that lies further off would flatten them, and is left out."""


def sparkline(values: Sequence[Recorded], unit: str, limit: float | None = None) -> str:
    """An SVG of values, one a run; empty of fewer than two.

    Args:
        values: oldest first; those that were not good are marked.
        unit: of them.
        limit: in the same unit; a broken line, where it lies near.
    """
    if len(values) < 2:
        return ""
    numbers = [one.value for one in values]
    low, high = min(numbers), max(numbers)
    span = high - low or abs(high) * 0.2 or 1.0
    near = limit is not None and low - FAR * span <= limit <= high + FAR * span
    if limit is not None and near:
        low, high = min(low, limit), max(high, limit)
    if low == high:
        low, high = low - span / 2, high + span / 2
    step = (WIDTH - 2 * EDGE) / (len(values) - 1)

    def y(value: float) -> float:
        return round(HEIGHT - EDGE - (value - low) / (high - low) * (HEIGHT - 2 * EDGE), 1)

    places = [(round(EDGE + number * step, 1), y(one.value)) for number, one in enumerate(values)]
    line = " ".join(f"{across},{up}" for across, up in places)
    bad = "".join(
        f'<circle class="off" cx="{across}" cy="{up}" r="2.2"/>'
        for (across, up), one in zip(places[:-1], values, strict=False)
        if not one.good
    )
    across, up = places[-1]
    last = f'<circle class="{"now" if values[-1].good else "off"}" cx="{across}" cy="{up}" r="3"/>'
    drawn = ""
    if limit is not None and near:
        drawn = f'<line class="limit" x1="0" x2="{WIDTH}" y1="{y(limit)}" y2="{y(limit)}"/>'
    return (
        f'<svg class="spark" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"<title>{escape(in_words(values, unit))}</title>{drawn}"
        f'<polyline points="{line}"/>{bad}{last}</svg>'
    )


def in_words(values: Sequence[Recorded], unit: str) -> str:
    """The same for who hears the page: how many, since when, from what to what, how many were not good."""
    numbers = [one.value for one in values]
    off = sum(not one.good for one in values)
    words = f"{so_many(len(values), 'run')} since {moment(values[0].at)}: {said(numbers[0], unit)} at first, "
    words += f"{said(min(numbers), unit)} to {said(max(numbers), unit)}, {said(numbers[-1], unit)} now"
    return f"{words}; {off} not good" if off else words
