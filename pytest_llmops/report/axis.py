"""What pictures over an axis are made of: from a value to a place, ticks, a title, the sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

from pytest_llmops.report.picture import INK, QUIET
from pytest_llmops.target.durations import spoken

WIDTH, LEFT, RIGHT = 760, 74, 24
"""Of a sheet, and of what is left free beside its panels."""


@dataclass(frozen=True, slots=True)
class Axis:
    """From a value to a place."""

    low: float
    high: float
    begins: float
    ends: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = (math.log(one) for one in (low, high, max(value, low)))
        return round(self.begins + (value - low) / (high - low) * (self.ends - self.begins), 1)


def sheet(inner: str, height: float) -> str:
    """An SVG of that height."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>{inner}</svg>'
    )


def heading(title: str, said: str) -> str:
    """A title, and what is said at the other end of its line."""
    return (
        f'<text x="{LEFT}" y="18" font-weight="600" font-size="13">{escape(title)}</text>'
        f'<text x="{WIDTH - RIGHT}" y="18" text-anchor="end" fill="{QUIET}">{escape(said)}</text>'
    )


def ticks(across: Axis, y: float, words: str, *, seconds: bool = False) -> str:
    """About six marks below an axis, from 0 on, and what it is of."""
    step = round_step((across.high - across.low) / 6)
    count = int(across.high / step + 1e-9)
    marks = [(across.at(number * step), number * step) for number in range(count + 1)]
    return (
        "".join(
            f'<line x1="{x}" x2="{x}" y1="{y}" y2="{y + 4}" stroke="{QUIET}"/>'
            f'<text x="{x}" y="{y + 17}" text-anchor="middle" fill="{QUIET}">'
            f"{spoken(value) if seconds and value else f'{value:g}'}</text>"
            for x, value in marks
        )
        + f'<text x="{WIDTH - RIGHT}" y="{y + 33}" text-anchor="end" fill="{QUIET}">{escape(words)}</text>'
    )


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is as much."""
    power = 10.0 ** math.floor(math.log10(least)) if least > 0 else 1.0
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))
