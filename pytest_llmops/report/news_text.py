"""One message for all that a run makes new: what became red, what is worse, what is well again; nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import first_of
from pytest_llmops.report.metric import so_many
from pytest_llmops.report.news import ORDER
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.report.news import Change, What

HEADINGS: dict[What, str] = {
    "broken": "newly broken",
    "worse": "worse",
    "otherwise": "broken in another way",
    "eased": "less severe",
    "waived": "waived",
    "recovered": "recovered",
}

LINES = 15
"""Of a group; the rest is counted: many services cut a message at 2,000 characters."""

LINE = 300
"""Characters of a line."""

NAMED = 3
"""Checks that are named of those which share one cause."""


def title(target: str, changes: Sequence[Change]) -> str:
    """``staging: 2 newly broken (critical), 1 recovered``."""
    counts = []
    for what in ORDER:
        of_it = [one for one in changes if one.what == what]
        worst = f" ({of_it[0].now.severity})" if of_it and of_it[0].now.severity else ""  # the worst comes first
        counts += [f"{len(of_it)} {HEADINGS[what]}{worst}"] if of_it else []
    return f"{target}: {', '.join(counts)}"


def body(changes: Sequence[Change], still: int, at: float, links: Mapping[str, str]) -> str:
    """Plain text.

    Args:
        changes: what is new, the worst first.
        still: how many checks are red of which nothing is new.
        at: the run's end, seconds since the epoch.
        links: what is read where.
    """
    parts = []
    for what in ORDER:
        lines = _grouped([one for one in changes if one.what == what], at)
        more = len(lines) - LINES
        if lines:
            heading = HEADINGS[what].capitalize()
            parts.append("\n".join([f"{heading}:", *lines[:LINES], *([f"… and {more} more"] if more > 0 else [])]))
    ends = [f"{so_many(still, 'check')} broken as before"] if still else []
    parts.append("\n".join([*ends, *(f"{what}: {where}" for what, where in links.items())]))
    return "\n\n".join(filter(None, parts))


def _grouped(changes: Sequence[Change], at: float) -> list[str]:
    """A line for each check, and one for all that share a cause: a component that is away costs many."""
    by_cause: dict[tuple[str, str, str], list[Change]] = {}
    for one in changes:
        by_cause.setdefault((one.now.severity, one.now.kind, one.now.said or one.now.check), []).append(one)
    return [_cut(_several(alike) if len(alike) > 1 else _line(alike[0], at)) for alike in by_cause.values()]


def _several(alike: Sequence[Change]) -> str:
    now, names = alike[0].now, first_of([one.now.check for one in alike], NAMED)
    return f"- {len(alike)} checks ({now.severity}, {now.kind}): {now.said} - {names}"


def _line(one: Change, at: float) -> str:
    now, was = one.now, one.was
    before = f"was {was.severity}, {was.kind}" if was else ""
    if was and not now.severity:
        return f"- {now.check} ({before} for {spoken(max(0.0, at - was.since))})"
    return f"- {now.check} ({', '.join(filter(None, (now.severity, now.kind, before)))}): {now.said}"


def _cut(line: str) -> str:
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"
