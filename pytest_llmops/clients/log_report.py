"""Entries of a log as people read them: Markdown, without secrets."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pytest_llmops.errors import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.log_entries import Entries, Entry

LONGEST = 300
LINES_OF_MORE = 30


def written(
    title: str, entries: Entries, clean: Callable[[str], str], *, groups: int, lines: int, by_type: bool = False
) -> str:
    """A report.

    Args:
        title: its heading.
        entries: what it is about.
        clean: takes secrets out.
        groups: so many of what is said most, the most frequent first.
        lines: so many of the newest entries.
        by_type: groups are types, not what is said.
    """
    what = f"{len(entries)} entries of {entries.reading.source}, out of {entries.reading.sentence}."
    text = [f"# {title}", "", clean(what), ""]
    if top := entries.types(groups) if by_type else entries.top(groups):
        text += ["| count | last | what |", "|---:|---|---|"]
        text += [f"| {group.count} | {at(group.last_at)} | {_cell(group.says)} |" for group in top]
        text += [""]
    if newest := entries.last(lines):
        text += ["```text", *(line for entry in newest for line in _lines(entry, clean)), "```", ""]
    return "\n".join(text)


def at(moment: float | None) -> str:
    """A time in UTC; a dash where there is none."""
    return "-" if moment is None else f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%d %H:%M:%SZ}"


def _lines(entry: Entry, clean: Callable[[str], str]) -> list[str]:
    words = [at(entry.at), (entry.level or "-").upper(), entry.logger, excerpt(clean(entry.message), LONGEST)]
    more = [f"    {excerpt(clean(line), LONGEST)}" for line in entry.more[:LINES_OF_MORE]]
    left = len(entry.more) - LINES_OF_MORE
    return [" ".join(word for word in words if word), *more, *([f"    … {left} more lines"] if left > 0 else [])]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
