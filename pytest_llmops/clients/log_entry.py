"""One entry of a log, and what was read to get it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.log_words import TIMES
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

PARTS = frozenset({"logger", "level", "source", *TIMES})
"""By what entries of every log can be told apart, whatever fields its lines have."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log: a line, with the lines that belong to it.

    Attributes:
        message: what it says; of a traceback that stands alone, its exception.
        at: epoch seconds; None where neither it nor a line before it has a time.
        level: ``debug info warning error critical``, another word, or empty.
        logger: who says it.
        source: the log's name.
        exception: what a traceback of it ends in, such as ``ValueError: no chapter``.
        fields: what else the log's table reads out of a line.
        more: the lines that belong to it, at most 100 of them.
        line: the one that it begins with as it stands in the log, of a file that is one entry all of it; empty where
            the log's table does not say that it is to be kept whole, and of a traceback that stands alone.
        file: that it stands in, relative to the root; empty where it is handed out.
    """

    message: str
    at: float | None = None
    level: str = ""
    logger: str = ""
    source: str = ""
    exception: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    line: str = field(default="", repr=False)  # it may hold what the log's table leaves out, such as a prompt
    file: str = ""

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the pattern is found in its message, or in what belongs to it."""
        return any(pattern.search(text) for text in (self.message, self.exception, *self.more))

    def part(self, name: str) -> Any:
        """Its ``logger``, ``level`` or ``source``, its ``hour`` or ``day`` in UTC, else that field; or None."""
        if name in TIMES:
            return None if self.at is None else time.strftime(TIMES[name], time.gmtime(self.at))
        return getattr(self, name) if name in PARTS else self.fields.get(name)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read to get entries.

    Attributes:
        source: the log, or the logs.
        since: epoch seconds from which on was asked for; None: all.
        at: when it was read.
        total: entries of the period, whatever of them was asked for.
        unreadable: lines that are not as the log's table says.
        undated: entries without any time.
        cut: sentences of what was not read.
        oldest_at: time of the first entry that was read, whatever the period; its beginning where the log is older.
        newest_at: time of the last one.
        quiet: whether none is good news.
        undropped: whether no part of it can have been dropped yet, so that what it does not hold never stood there.
        fields: what the log's table reads out of a line besides time, level, logger and message; None: not known.
    """

    source: str
    since: float | None = None
    at: float = field(default_factory=time.time)
    total: int = 0
    unreadable: int = 0
    undated: int = 0
    cut: tuple[str, ...] = ()
    oldest_at: float | None = None
    newest_at: float | None = None
    quiet: bool = False
    undropped: bool = False
    fields: frozenset[str] | None = None

    @property
    def sentence(self) -> str:
        """How much was read, and what was not."""
        period = f" of the last {spoken(self.at - self.since)}" if self.since is not None else ""
        counts = [f"{self.total} entries{period}"]
        counts += [f"{self.unreadable} unreadable lines"] if self.unreadable else []
        counts += [f"{self.undated} without a time"] if self.undated else []
        return "; ".join([", ".join(counts), *self.cut])
