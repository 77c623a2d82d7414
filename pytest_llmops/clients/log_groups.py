"""Entries that say the same, together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from pytest_llmops.clients.log_words import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.clients.log_entries import Entry

_TYPE = re.compile(r"\b[A-Za-z_][\w.]*(?:Error|Exception|Timeout|Warning|Refused|Exceeded)\b")
_SIGNS = re.compile(r"^[^\w'\"(\[{]+")
CHANCE = 3.0
"""Standard deviations of a count that happens at random, beyond which more is more."""


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that say the same.

    Attributes:
        says: what they say, without what differs.
        count: how many there are.
        last: the newest of their messages, without secrets.
        first_at, last_at: epoch seconds; None where they have no times.
    """

    says: str
    count: int
    last: str
    first_at: float | None
    last_at: float | None

    def __str__(self) -> str:
        return f"{self.count} x {self.says}"


@dataclass(frozen=True, slots=True)
class Rise:
    """Something that is said more often than before.

    Attributes:
        says: what.
        now: how often of late.
        before: how often on average in as long a time before.
    """

    says: str
    now: int
    before: float

    def __str__(self) -> str:
        return f"{self.says}: {self.now}, before {self.before:.3g}"


def grouped(entries: Iterable[Entry], clean: Callable[[str], str], *, by_type: bool = False) -> list[Group]:
    """The groups, largest first."""
    parts: dict[str, list[Entry]] = {}
    known: dict[str, str] = {}
    for entry in entries:
        text = _type(entry) if by_type else entry.message
        if text not in known:
            known[text] = shortened(clean(text))
        parts.setdefault(known[text], []).append(entry)
    groups = [_group(key, part, clean) for key, part in parts.items()]
    return sorted(groups, key=lambda group: (-group.count, group.says))


def risen(
    entries: Iterable[Entry], clean: Callable[[str], str], recent: float, periods: float, times: float
) -> list[Rise]:
    """What is said more often since ``recent`` than in each of so many as long periods before; most first."""
    counts: dict[str, tuple[int, int]] = {}
    for entry in entries:
        key = shortened(clean(entry.message))
        now, before = counts.get(key, (0, 0))
        late = entry.at is not None and entry.at >= recent
        counts[key] = (now + late, before + (not late))
    rises = [Rise(key, now, before / periods) for key, (now, before) in counts.items()]
    found = [rise for rise in rises if _more(rise, times)]
    return sorted(found, key=lambda rise: (rise.before - rise.now, rise.says))


def _more(rise: Rise, times: float) -> bool:
    return rise.now > times * rise.before and rise.now - rise.before > CHANCE * sqrt(max(rise.before, 1.0))


def _group(says: str, part: list[Entry], clean: Callable[[str], str]) -> Group:
    moments = [entry.at for entry in part if entry.at is not None]
    last = clean(part[-1].message)
    return Group(says, len(part), last, min(moments, default=None), max(moments, default=None))


def _type(entry: Entry) -> str:
    """The class of its exception, one that its message names, or what it says before the first colon."""
    if entry.exception:
        return entry.exception.partition(":")[0]
    if named := _TYPE.search(entry.message):
        return named[0]
    return _SIGNS.sub("", entry.message.partition(":")[0]) or entry.logger
