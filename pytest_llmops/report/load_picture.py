"""Load as pictures: what calls took over time, with the rate beside it, and what they took at each rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from pytest_llmops.report.axis import LEFT, RIGHT, WIDTH, Axis, heading, round_step, sheet, ticks
from pytest_llmops.report.picture import INK, LIMIT, NOW, QUIET, THEN
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_llmops.load.joining import Course
    from pytest_llmops.load.result import LoadResult

TOP = 54
TALL, LOW, GAP = 230, 90, 44
"""Heights of a panel of times, of one of rates, and what is between two."""

FAILED = LIMIT
SHADES = {"p50": THEN, "p95": NOW, "p99": "#14375c"}
DOTS = 3000
"""Calls that are drawn one by one, and as many that failed; of more, every n-th."""

WINDOWS = 40
"""Pieces of time, at the most, in which percentiles and rates are told."""

LEAST = 5
"""Calls in a piece of time below which it has no percentiles."""

BY_RATE = 8
"""Pieces, at the most, into which a rate that changes is parted."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of the time of a run.

    Attributes:
        begins, ends: seconds since its start.
        due: calls a second that were due in it.
        answered: calls a second that were answered well in it, whenever they were due.
        failed: calls that were due in it and failed.
        percentiles: p50, p95, p99 of the response times of those that were due in it, in seconds; empty of too few.
    """

    begins: float
    ends: float
    due: float
    answered: float
    failed: int
    percentiles: Mapping[str, float]


def windows(result: LoadResult, count: int = WINDOWS) -> list[Window]:
    """The run in pieces of equal length, of a second at the least.

    Args:
        result: of a run whose calls were kept one by one.
        count: pieces at the most.
    """
    due, took, failed = _calls(result)
    if not len(due):
        return []
    whole = max(float(due.max()), result.plan.lasts_s, 1e-3)
    pieces = max(1, min(count, math.ceil(whole)))
    edges = np.linspace(0, whole, pieces + 1)
    places = np.clip(np.searchsorted(edges, due, side="right") - 1, 0, pieces - 1)
    ended = (due + took)[~failed]
    found = []
    for place in range(pieces):
        begins, ends = float(edges[place]), float(edges[place + 1])
        inside = places == place
        good = took[inside & ~failed]
        percentiles = (
            {name: float(np.percentile(good, float(name[1:]))) for name in SHADES} if len(good) >= LEAST else {}
        )
        answered = int(((ended >= begins) & (ended < ends)).sum())
        length = ends - begins
        found.append(
            Window(begins, ends, inside.sum() / length, answered / length, int((inside & failed).sum()), percentiles)
        )
    return found


def over_time_picture(result: LoadResult, limit: float | None = None) -> str:
    """An SVG of a run: every call by the moment at which it was due, percentiles through them, and the rates below.

    Args:
        result: of a run whose calls were kept one by one.
        limit: seconds that a call is to keep; a line of its own.
    """
    due, took, failed = _calls(result)
    pieces = windows(result)
    across = Axis(0.0, max([*(one.ends for one in pieces), 1e-3]), LEFT, WIDTH - RIGHT)
    up = _log_axis([*took, *([limit] if limit else [])], TOP + TALL, TOP)
    parts = [heading(f"{result.plan.name}: response time over time", _said(result))]
    parts += [_log_grid(up), _frame(TOP, TALL)]
    steps = {}
    for wrong, color in ((False, THEN), (True, FAILED)):  # few that failed among many are all there
        step = steps[wrong] = max(1, math.ceil((failed == wrong).sum() / DOTS))
        for moment, seconds in zip(due[failed == wrong][::step], took[failed == wrong][::step], strict=True):
            parts.append(_dot(across.at(moment), up.at(seconds), color, cross=wrong))
    for name, shade in SHADES.items():
        line = [(one.begins, one.ends, one.percentiles.get(name)) for one in pieces]
        parts.append(_steps(line, across, up, shade))
    if limit:
        parts.append(_limit(up.at(limit), f"limit {spoken(limit)}"))
    keys = [
        (_thinned(steps[False], "each call", "call"), THEN, "dot"),
        *((name, shade, "line") for name, shade in SHADES.items()),
    ]
    keys += [(_thinned(steps[True], "failed", "that failed"), FAILED, "cross")] if failed.any() else []
    parts.append(_legend(keys, TOP - 12))
    below = TOP + TALL + GAP
    parts.append(_rates(pieces, across, below))
    for course in result.beside.values():
        below += LOW + GAP
        parts.append(_course(course, result.started, across, below))
    parts.append(_time_axis(across, below + LOW))
    return sheet("".join(parts), below + LOW + 40)


def rate_picture(points: Sequence[tuple[float, Mapping[str, float]]], name: str, limit: float | None = None) -> str:
    """An SVG of what calls took at each rate.

    Args:
        points: calls a second that were due, and percentiles of the response time in seconds, by name.
        name: of what was measured.
        limit: seconds that a call is to keep; a line of its own.
    """
    points = sorted(((rate, told) for rate, told in points if told), key=lambda point: point[0])
    rates = [rate for rate, _ in points] or [1.0]
    values = [value for _, told in points for value in told.values()]
    across = Axis(0.0, max(rates) * 1.05, LEFT, WIDTH - RIGHT)
    up = _log_axis([*values, *([limit] if limit else [])], TOP + TALL, TOP)
    parts = [heading(f"{name}: rate against response time", f"{len(points)} rates"), _log_grid(up), _frame(TOP, TALL)]
    for which, shade in SHADES.items():
        told_of = [(across.at(rate), up.at(told[which])) for rate, told in points if which in told]
        path = " ".join(f"{x},{y}" for x, y in told_of)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{shade}" stroke-width="1.8"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3.4" fill="{shade}"/>' for x, y in told_of]
    if limit:
        parts.append(_limit(up.at(limit), f"limit {spoken(limit)}"))
    parts.append(_legend([(which, shade, "line") for which, shade in SHADES.items()], TOP - 12))
    parts.append(ticks(across, TOP + TALL, "calls a second that were due"))
    return sheet("".join(parts), TOP + TALL + 44)


def points_of(results: Iterable[LoadResult]) -> list[tuple[float, Mapping[str, float]]]:
    """What calls took at each rate: a point for each run at one rate, several for one whose rate changes."""
    found: list[tuple[float, Mapping[str, float]]] = []
    for result in results:
        rates = {stage.rate for stage in result.plan.stages} | {stage.end_rate for stage in result.plan.stages}
        _, took, failed = _calls(result)
        if len(rates) > 1:
            found += _by_rate(windows(result))
        elif (~failed).sum() >= LEAST:
            good = took[~failed]
            found.append((result.plan.rate, {name: float(np.percentile(good, float(name[1:]))) for name in SHADES}))
    return found


def _by_rate(pieces: Sequence[Window]) -> list[tuple[float, Mapping[str, float]]]:
    """Pieces of time with rates that are near each other, together: the median of each of their percentiles."""
    told = sorted((one for one in pieces if one.percentiles), key=lambda one: one.due)
    together = [group for group in np.array_split(np.arange(len(told)), min(BY_RATE, len(told) or 1)) if len(group)]
    return [
        (
            float(np.mean([told[place].due for place in group])),
            {name: float(np.median([told[place].percentiles[name] for place in group])) for name in SHADES},
        )
        for group in together
    ]


def _calls(result: LoadResult) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """When each call was due, in seconds since the start; its response time; whether it failed."""
    calls = result.recording.calls
    due = calls["started"] - calls["delay_s"] - result.started
    return np.maximum(due, 0.0), calls["delay_s"] + calls["service_s"], calls["kind"] > 0


def _log_axis(values: Sequence[float], begins: float, ends: float) -> Axis:
    known = [float(value) for value in values if value > 0] or [0.01, 0.1]
    return Axis(min(known) / 1.2, max(known) * 1.25, begins, ends, log=True)


def _said(result: LoadResult) -> str:
    failed = f", {100 * result.error_rate:.2g} % failed" if result.calls and result.error_rate else ""
    return f"{result.calls} calls{failed}"


def _thinned(step: int, whole: str, one: str) -> str:
    """What a dot stands for."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(step % 10 if step % 100 not in {11, 12, 13} else 0, "th")
    return whole if step == 1 else f"every {step}{ending} {one}"


def _frame(top: float, height: float) -> str:
    bottom = top + height
    return (
        f'<line x1="{LEFT}" x2="{LEFT}" y1="{top}" y2="{bottom}" stroke="{QUIET}"/>'
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="{QUIET}"/>'
    )


def _log_grid(up: Axis) -> str:
    return "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(value)}" y2="{up.at(value)}" stroke="#e4e7eb"/>'
        f'<text x="{LEFT - 8}" y="{up.at(value) + 4}" text-anchor="end" fill="{QUIET}">{spoken(value)}</text>'
        for value in _marks(up.low, up.high)
    )


def _marks(low: float, high: float) -> list[float]:
    """Values at which a logarithmic axis is marked: 1, 2 and 5 of each power of ten, or the powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    of = (1, 2, 5) if high / low < 300 else (1,)
    return [step * 10.0**power for power in powers for step in of if low <= step * 10.0**power <= high]


def _dot(x: float, y: float, color: str, *, cross: bool) -> str:
    if cross:
        return f'<path d="M{x - 3} {y - 3}l6 6m0 -6l-6 6" stroke="{color}" stroke-width="1.3"/>'
    return f'<circle cx="{x}" cy="{y}" r="2" fill="{color}" fill-opacity=".4"/>'


def _steps(line: Sequence[tuple[float, float, float | None]], across: Axis, up: Axis, shade: str) -> str:
    """A line of steps, broken where there is no value."""
    path, broken = [], True
    for begins, ends, value in line:
        if value is None:
            broken = True
            continue
        y = up.at(value)
        path += [f"{'M' if broken else 'L'}{across.at(begins)} {y}", f"L{across.at(ends)} {y}"]
        broken = False
    return f'<path d="{" ".join(path)}" fill="none" stroke="{shade}" stroke-width="1.8"/>' if path else ""


def _limit(y: float, words: str) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{LIMIT}" stroke-dasharray="4 3"/>'
        f'<text x="{LEFT + 6}" y="{y - 5}" fill="{LIMIT}">{escape(words)}</text>'
    )


def _legend(keys: Sequence[tuple[str, str, str]], y: float) -> str:
    parts, x = [], float(LEFT)
    for words, shade, kind in keys:
        if kind == "line":
            parts.append(
                f'<line x1="{x}" x2="{x + 16}" y1="{y - 4}" y2="{y - 4}" stroke="{shade}" stroke-width="2.4"/>'
            )
        else:
            parts.append(_dot(x + 8, y - 4, shade, cross=kind == "cross"))
        parts.append(f'<text x="{x + 22}" y="{y}" fill="{QUIET}">{words}</text>')
        x += 36 + 7 * len(words)
    return "".join(parts)


def _course(course: Course, started: float, across: Axis, top: float) -> str:
    """A panel of a figure of the deployment; from 0 on where that does not flatten it."""
    values = [value for _, value in course.points]
    low = 0.0 if min(values) >= 0 and max(values) > 2 * min(values) else min(values)
    room = 0.15 * (max(values) - low) or abs(max(values)) * 0.1 or 1.0
    up = Axis(low - (room if low else 0.0), max(values) + room, top + LOW, top)
    inside = [(at - started, value) for at, value in course.points if 0 <= at - started <= across.high]
    path = " ".join(f"{across.at(seconds)},{up.at(value)}" for seconds, value in inside)
    marks = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(value)}" y2="{up.at(value)}" stroke="#e4e7eb"/>'
        f'<text x="{LEFT - 8}" y="{up.at(value) + 4}" text-anchor="end" fill="{QUIET}">{value:.4g}</text>'
        for value in dict.fromkeys((min(values), max(values)))
    )
    line = f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="1.6"/>'
    words = f"{course.name} ({course.unit})" if course.unit else course.name
    title = f'<text x="{LEFT}" y="{top - 10}" fill="{QUIET}">{escape(words)}</text>'
    return marks + _frame(top, LOW) + line + title


def _rates(pieces: Sequence[Window], across: Axis, top: float) -> str:
    """The panel below: calls a second that were due, and that were answered."""
    most = max([*(max(one.due, one.answered) for one in pieces), 1e-9])
    up = Axis(0.0, most * 1.15, top + LOW, top)
    step = round_step(most / 3)
    due = [(one.begins, one.ends, one.due) for one in pieces]
    answered = [(one.begins, one.ends, one.answered) for one in pieces]
    marks = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(value)}" y2="{up.at(value)}" stroke="#e4e7eb"/>'
        f'<text x="{LEFT - 8}" y="{up.at(value) + 4}" text-anchor="end" fill="{QUIET}">{value:.3g}/s</text>'
        for value in (number * step for number in range(int(up.high / step) + 1))
    )
    keys = [("due", THEN, "line"), ("answered", NOW, "line")]
    lines = _steps(due, across, up, THEN) + _steps(answered, across, up, NOW)
    return marks + _frame(top, LOW) + lines + _legend(keys, top - 10)


def _time_axis(across: Axis, y: float) -> str:
    return ticks(across, y, "since the start", seconds=True)
