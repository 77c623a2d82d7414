"""Entries of a log as people read them: Markdown, without secrets."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pytest_llmops.clients.log_words import TIMES
from pytest_llmops.errors import Vacuous, excerpt
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.clients.log_entries import Entries
    from pytest_llmops.clients.log_entry import Entry
    from pytest_llmops.clients.log_groups import Kind

LONGEST = 300
LINES_OF_MORE = 30
NEWEST = 50


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
    text = _headed(title, entries, clean)
    if top := entries.types(groups) if by_type else entries.top(groups):
        text += ["| count | last | what |", "|---:|---|---|"]
        text += [f"| {group.count} | {at(group.last_at)} | {_cell(group.says)} |" for group in top]
        text += [""]
    if newest := entries.last(lines):
        text += ["```text", *(line for entry in newest for line in _lines(entry, clean)), "```", ""]
    return "\n".join(text)


def broken_down(
    title: str,
    entries: Entries,
    clean: Callable[[str], str],
    names: Sequence[str],
    failed: Mapping[str, object],
    mean: str,
) -> str:
    """A report of how many entries there are of each kind.

    Args:
        title: its heading.
        entries: what it is about.
        clean: takes secrets out.
        names: a table for each: by logger, level, hour, day or a field.
        failed: the fields that those entries have that failed; without any there is no such column.
        mean: a field whose mean is given; empty: no such column.

    Raises:
        Unsupported, ConfigError: the log has no such field.
    """
    text = _headed(title, entries, clean)
    for name in names:
        parts = entries.by(name)
        heads = [
            f"{name} (UTC)" if name in TIMES else name,
            "entries",
            "share",
            *(["failed"] if failed else []),
            *([f"mean {mean}"] if mean else []),
        ]
        text += [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
        for value in sorted(parts) if name in TIMES else parts:
            part = parts[value]
            cells = [_cell(clean(value)), str(len(part)), f"{100 * len(part) / len(entries):.1f} %"]
            cells += [str(len(part.having(**failed)))] if failed else []
            cells += [_mean(part, mean)] if mean else []
            text += [f"| {' | '.join(cells)} |"]
        text += [""]
    return "\n".join(text)


def compared(
    title: str, entries: Entries, clean: Callable[[str], str], kinds: Sequence[Kind], within_s: float, untold: str
) -> str:
    """A report of what is said of late, held against before.

    Args:
        title: its heading.
        entries: what it is about; those of late are shown.
        clean: takes secrets out.
        kinds: a row for each.
        within_s: how long late is.
        untold: why what was before is not known; empty where it is.
    """
    text = [*_headed(title, entries, clean), *([clean(untold), ""] if untold else [])]
    if kinds:
        text += [f"| last {spoken(within_s)} | mean before | is | last | what |", "|---:|---:|---|---|---|"]
        text += [_row(kind) for kind in kinds]
        text += [""]
    if newest := entries.late(within_s).last(NEWEST):
        text += ["```text", *(line for entry in newest for line in _lines(entry, clean)), "```", ""]
    return "\n".join(text)


def at(moment: float | None) -> str:
    """A time in UTC; a dash where there is none."""
    return "-" if moment is None else f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%d %H:%M:%SZ}"


def told(entry: Entry) -> str:
    """What is read of an entry's first line: time, level, logger, message."""
    return " ".join(filter(None, [at(entry.at), entry.level.upper(), entry.logger, entry.message]))


def _headed(title: str, entries: Entries, clean: Callable[[str], str]) -> list[str]:
    what = f"{len(entries)} entries of {entries.reading.source}, out of {entries.reading.sentence}."
    return [f"# {title}", "", clean(what), ""]


def _row(kind: Kind) -> str:
    before = "?" if kind.before is None else f"{kind.before:.3g}"
    marks = [*(["new"] if kind.is_new else []), *(["rising"] if kind.rises else [])]
    return f"| {kind.now} | {before} | {', '.join(marks)} | {at(kind.last_at)} | {_cell(kind.says)} |"


def _lines(entry: Entry, clean: Callable[[str], str]) -> list[str]:
    words = [at(entry.at), (entry.level or "-").upper(), entry.logger, excerpt(clean(entry.message), LONGEST)]
    more = [f"    {excerpt(clean(line), LONGEST)}" for line in entry.more[:LINES_OF_MORE]]
    left = len(entry.more) - LINES_OF_MORE
    return [" ".join(word for word in words if word), *more, *([f"    … {left} more lines"] if left > 0 else [])]


def _mean(entries: Entries, name: str) -> str:
    try:
        return f"{entries.mean(name):.4g}"
    except Vacuous:
        return "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
