"""A drill over time: a page with its moments and figures, and a picture with a lane for each component."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from pytest_llmops.report.axis import LEFT, RIGHT, WIDTH, Axis, heading, sheet, ticks
from pytest_llmops.report.picture import LIMIT, NOW, QUIET
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.moments import in_utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.drill.drilled import Drilled
    from pytest_llmops.operate.asking import Probe

TOP, LANE, TALL, FLAGS = 74, 34, 12, 14
"""Where the lanes begin, what each takes, how tall a probe is drawn, and the height of a line above them."""

NARROWEST = 2.0
"""Of a probe that took no time."""


def timeline(drilled: Drilled, picture: str) -> str:
    """A page of Markdown.

    Args:
        drilled: the drill, as far as it came.
        picture: the name of its picture's file, beside the page.
    """
    table = [f"| {when} | {spoken(at)} | {said} |" for when, at, said in _moments(drilled)]
    lanes = [_row(drilled, name) for name in drilled.probes]
    return "\n".join(
        [
            f"# Drill {drilled.name}",
            "",
            f"{_verdict(drilled)} It began at {in_utc(drilled.started)}.",
            "",
            f"![Probes of each component over time]({picture})",
            "",
            "| | after | |",
            "|---|---|---|",
            *table,
            "",
            "| figure | | |",
            "|---|---|---|",
            *_figures(drilled),
            "",
            "| component | probes | failed since the fault | away | the first said |",
            "|---|---|---|---|---|",
            *lanes,
            "",
        ]
    )


def timeline_picture(drilled: Drilled) -> str:
    """An SVG: each probe as a bar from its beginning to its end, red where it failed, and the drill's moments."""
    last = max([probe.end for probes in drilled.probes.values() for probe in probes], default=0.0)
    moments = [(name, at) for name, at, _ in _moments(drilled)]
    across = Axis(0.0, max(last, *(at for _, at in moments), 1e-3) if moments else max(last, 1e-3), LEFT, WIDTH - RIGHT)
    bottom = TOP + LANE * len(drilled.probes)
    parts = [heading(f"drill {drilled.name}", _short(drilled))]
    for number, (name, at) in enumerate(moments):
        x, y = across.at(at), 36 + FLAGS * (number % 3)
        anchor = "end" if x > (LEFT + WIDTH) / 2 else "start"
        side = -4 if anchor == "end" else 4
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="{y - 10}" y2="{bottom}" stroke="{QUIET}" stroke-dasharray="3 3"/>'
            f'<text x="{x + side}" y="{y}" text-anchor="{anchor}" fill="{QUIET}">{name}</text>'
        )
    for number, (component, probes) in enumerate(drilled.probes.items()):
        middle = TOP + LANE * number + LANE / 2
        parts.append(f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end">{escape(component)}</text>')
        parts += [_bar(probe, across, middle) for probe in probes]
    parts.append(ticks(across, bottom, "since the drill's start", seconds=True))
    return sheet("".join(parts), bottom + 40)


def _bar(probe: Probe, across: Axis, middle: float) -> str:
    begins, ends = across.at(probe.at), across.at(probe.end)
    color = LIMIT if probe.why else NOW
    wide = round(max(NARROWEST, ends - begins), 1)
    return (
        f'<rect x="{begins}" y="{middle - TALL / 2}" width="{wide}" height="{TALL}" fill="{color}" fill-opacity=".8"/>'
    )


def _moments(drilled: Drilled) -> Iterator[tuple[str, float, str]]:
    """Each that it came to: what people call it, when it was, what was seen."""
    left = "it was left standing until then" if drilled.left_s > 1.0 else drilled.recovers
    told = (
        ("fault", drilled.fault_at, f"{drilled.component} is broken"),
        ("observed", drilled.observed_at, drilled.observed),
        ("recovery", drilled.recovery_at, left),
        ("works", drilled.works_at, drilled.seen),
        ("steady", drilled.steady_at, "so did the probes that began since"),
    )
    return ((name, at, _cell(said)) for name, at, said in told if at is not None)


def _figures(drilled: Drilled) -> Iterator[str]:
    if drilled.detect_s is not None:
        yield f"| time to detect | {spoken(drilled.detect_s)} | |"
    if drilled.rto_s is not None:
        left = f"without {spoken(drilled.left_s)} for which the fault was left standing" if drilled.left_s > 1.0 else ""
        yield f"| recovery time (RTO) | {spoken(drilled.rto_s)} | {left} |"
    if drilled.loss is not None:
        yield f"| recovery point (RPO) | {spoken(drilled.loss.rpo_s)} | {drilled.loss.said} |"
    elif drilled.unwritten:
        yield f"| recovery point (RPO) | not known | {_cell(drilled.unwritten)} |"


def _row(drilled: Drilled, component: str) -> str:
    failed = drilled.failed(component)
    share = f"{len(failed)} ({drilled.failed_pct(component):.0f} %)"
    first = _cell(failed[0].why) if failed else ""
    probes = len(drilled.probes[component])
    return f"| {component} | {probes} | {share} | {spoken(drilled.away_s(component))} | {first} |"


def _verdict(drilled: Drilled) -> str:
    if drilled.steady_at is not None:
        return f"{drilled.component} was broken on purpose, was seen to be, and is steady again."
    if drilled.observed_at is not None:
        return f"{drilled.component} was broken on purpose, and was **not** seen to be steady again."
    if drilled.fault_at is not None:
        return f"{drilled.component} was to be broken on purpose, and **nobody noticed** anything."
    return f"{drilled.component} was **not steady** before, so nothing was broken."


def _short(drilled: Drilled) -> str:
    """The figures in a line."""
    told = (("detected", drilled.detect_s), ("RTO", drilled.rto_s), ("RPO", drilled.rpo_s))
    return ", ".join(f"{name} {spoken(value)}" for name, value in told if value is not None)


def _cell(text: str) -> str:
    """As a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
