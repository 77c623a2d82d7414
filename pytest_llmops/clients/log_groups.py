"""Entries that say the same, together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from pytest_llmops.clients.log_words import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.clients.log_entry import Entry

_TYPE = re.compile(r"\b[A-Za-z_][\w.]*(?:Error|Exception|Timeout|Warning|Refused|Exceeded)\b")
_SIGNS = re.compile(r"^[^\w'\"(\[{]+")
TIMES = 1.2
"""By more than this factor more often is a rise: the 20 % of the whole plugin."""

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
class Kind:
    """What is said of late, held against before.

    Attributes:
        says: what.
        now: how often of late.
        before: how often on average in as long a time before; None where the log does not reach back far enough.
        last_at: epoch seconds of the newest; None where it has no times.
    """

    says: str
    now: int
    before: float | None
    last_at: float | None = None

    def __str__(self) -> str:
        return f"{self.says}: {self.now}, before {'not known' if self.before is None else f'{self.before:.3g}'}"

    @property
    def is_new(self) -> bool:
        """Whether it was not said before."""
        return self.now > 0 and self.before == 0

    @property
    def rises(self) -> bool:
        """Whether it is said more often than before, by more than a fifth and more than chance."""
        if self.before is None:
            return False
        return self.now > TIMES * self.before and self.now - self.before > CHANCE * sqrt(max(self.before, 1.0))


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


def kinds(entries: Iterable[Entry], clean: Callable[[str], str], recent: float, periods: float | None) -> list[Kind]:
    """What is said since ``recent``, and how often in each of so many as long periods before; most of late first."""
    parts: dict[str, list[Entry]] = {}
    for entry in entries:
        parts.setdefault(shortened(clean(entry.message)), []).append(entry)
    found = [_kind(says, part, recent, periods) for says, part in parts.items()]
    return sorted((kind for kind in found if kind.now), key=lambda kind: (-kind.now, kind.says))


def _kind(says: str, part: list[Entry], recent: float, periods: float | None) -> Kind:
    now = sum(entry.at is not None and entry.at >= recent for entry in part)
    last_at = max((entry.at for entry in part if entry.at is not None), default=None)
    return Kind(says, now, (len(part) - now) / periods if periods else None, last_at)


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
