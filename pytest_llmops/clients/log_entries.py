"""Entries of a log: filtered, counted, grouped by what they say, and written for people."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

from pytest_llmops.clients.log_groups import Group, Rise, grouped, risen
from pytest_llmops.clients.log_report import broken_down, written
from pytest_llmops.clients.log_words import TIMES, rank
from pytest_llmops.errors import ConfigError, Unsupported, Vacuous, did_you_mean
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

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
    """

    message: str
    at: float | None = None
    level: str = ""
    logger: str = ""
    source: str = ""
    exception: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[str, ...] = ()

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
    fields: frozenset[str] | None = None

    @property
    def sentence(self) -> str:
        """How much was read, and what was not."""
        period = f" of the last {spoken(self.at - self.since)}" if self.since is not None else ""
        counts = [f"{self.total} entries{period}"]
        counts += [f"{self.unreadable} unreadable lines"] if self.unreadable else []
        counts += [f"{self.undated} without a time"] if self.undated else []
        return "; ".join([", ".join(counts), *self.cut])


def _as_it_is(text: str) -> str:
    return text


class Entries(Sequence[Entry]):
    """Entries, oldest first.

    Args:
        entries: in the order of the log.
        reading: how they were got.
        clean: takes secrets out of what is shown.
    """

    def __init__(self, entries: Iterable[Entry], reading: Reading, clean: Callable[[str], str] = _as_it_is) -> None:
        self._entries = tuple(entries)
        self.reading = reading
        self._clean = clean

    def __repr__(self) -> str:
        return f"Entries({len(self)} of {self.reading.source}: {self.reading.sentence})"

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Entries: ...
    def __getitem__(self, index: int | slice) -> Entry | Entries:
        return self._with(self._entries[index]) if isinstance(index, slice) else self._entries[index]

    def at_least(self, level: str) -> Entries:
        """Those of this level and worse."""
        return self._with(entry for entry in self if rank(entry.level) >= rank(level))

    def exactly(self, level: str) -> Entries:
        """Those of this level alone."""
        return self._with(entry for entry in self if entry.level == level)

    def having(self, **fields: Any) -> Entries:
        """Those whose fields have these values.

        Raises:
            Unsupported: the log has no such field.
            ConfigError: it has none, and one of a similar name.
        """
        self._known(*fields)
        return self._with(e for e in self if all(e.fields.get(name) == value for name, value in fields.items()))

    def telling(self, pattern: re.Pattern[str]) -> Entries:
        """Those in which a pattern is found."""
        return self._with(entry for entry in self if entry.says(pattern))

    def last(self, count: int, of_each: str = "") -> Entries:
        """The newest.

        Args:
            count: so many.
            of_each: a field, such as ``instance``: so many of each of its values, so that a replica that says a lot
                does not hide another; a log without it is one.
        """
        if not of_each:
            return self._with(self._entries[-count:] if count > 0 else ())
        parts: dict[str, list[int]] = {}
        for index, entry in enumerate(self):
            parts.setdefault(str(entry.part(of_each)), []).append(index)
        kept = {index for indices in parts.values() for index in indices[-count:]}
        return self._with(entry for index, entry in enumerate(self) if index in kept)

    def since(self, moment: float) -> Entries:
        """Those from a moment on."""
        return self._with(entry for entry in self if entry.at is not None and entry.at >= moment)

    def around(self, level: str, beside: int = 3) -> Entries:
        """Those of this level and worse, with so many before and after each."""
        hits = [index for index, entry in enumerate(self) if rank(entry.level) >= rank(level)]
        near = {index for hit in hits for index in range(max(0, hit - beside), hit + beside + 1)}
        return self._with(entry for index, entry in enumerate(self) if index in near)

    def top(self, count: int = 10) -> list[Group]:
        """The most frequent things that are said, numbers, ids and quoted parts left out."""
        return grouped(self, self._clean)[:count]

    def types(self, count: int = 10) -> list[Group]:
        """The most frequent types: exceptions by their class, else what is said before the first colon."""
        return grouped(self, self._clean, by_type=True)[:count]

    def by(self, name: str = "logger") -> dict[str, Entries]:
        """The entries by logger, level, hour, day or a field; most first, those without any under ``-``.

        Raises:
            Unsupported, ConfigError: as in :meth:`having`.
        """
        if name not in PARTS:
            self._known(name)
        parts: dict[str, list[Entry]] = {}
        for entry in self:
            value = entry.part(name)
            parts.setdefault("-" if value is None or value == "" else str(value), []).append(entry)
        return {key: self._with(parts[key]) for key in sorted(parts, key=lambda key: (-len(parts[key]), key))}

    def mean(self, name: str) -> float:
        """The mean of a field, over the entries that have a number there.

        Raises:
            Vacuous: none has.
            Unsupported, ConfigError: as in :meth:`having`.
        """
        self._known(name)
        found = [entry.fields.get(name) for entry in self]
        numbers = [float(one) for one in found if isinstance(one, int | float) and not isinstance(one, bool)]
        if not numbers:
            raise Vacuous(f"logs: no entry of {self.reading.source} has a number as {name}, so it has no mean.")
        return sum(numbers) / len(numbers)

    def novel(self, within_s: float = 86400.0) -> list[Group]:
        """What is said of late and was not said before.

        Raises:
            Vacuous: the log does not reach back further than that, so all would be new.
        """
        recent = self._reaching(within_s)
        return [
            group for group in grouped(self, self._clean) if group.first_at is not None and group.first_at >= recent
        ]

    def rising(self, within_s: float = 86400.0, times: float = 1.2) -> list[Rise]:
        """What is said more often of late than before, by more than that factor and more than chance.

        Raises:
            Vacuous: the log does not reach back further than that, so there is nothing to compare with.
        """
        recent = self._reaching(within_s)
        start = max(self.reading.oldest_at or recent, self.reading.since or 0.0)
        return risen(self, self._clean, recent, (recent - start) / within_s, times)

    def judged(self) -> Entries:
        """The same, where their number says anything.

        Raises:
            Vacuous: the log has no entry at all of that period.
        """
        if not self.reading.total and not self.reading.quiet:
            newest = self.reading.newest_at
            last = f"; its newest is {spoken(max(0.0, self.reading.at - newest))} old" if newest else ""
            raise Vacuous(
                f"logs: {self.reading.source} has no entry in that time{last}, so what it does not say tells nothing."
            )
        return self

    def report(self, title: str, *, groups: int = 20, lines: int = 50, by_type: bool = False) -> str:
        """Markdown for people, without secrets: how much was read, what or which type is most frequent, the newest."""
        return written(title, self, self._clean, groups=groups, lines=lines, by_type=by_type)

    def breakdown(self, title: str, *names: str, failed: Mapping[str, Any] | None = None, mean: str = "") -> str:
        """Markdown for people: how many entries there are by each of these, how many failed, the mean of a field.

        Args:
            title: its heading.
            *names: as in :meth:`by`, a table for each; hours and days in their order.
            failed: the fields of those that failed, as in :meth:`having`.
            mean: as in :meth:`mean`.

        Raises:
            Unsupported, ConfigError: as in :meth:`having`.
        """
        return broken_down(title, self, self._clean, names, failed or {}, mean)

    def _reaching(self, within_s: float) -> float:
        recent = self.reading.at - within_s
        if self.reading.oldest_at is None or self.reading.oldest_at > recent - within_s:
            raise Vacuous(
                f"logs: {self.reading.source} does not reach back {spoken(2 * within_s)}, so what is new in the last "
                f"{spoken(within_s)} cannot be told."
            )
        return recent

    def like(self, entries: Iterable[Entry], reading: Reading) -> Entries:
        """Other entries, cleaned in the same way."""
        return Entries(entries, reading, self._clean)

    def _known(self, *names: str) -> None:
        """That the log has these fields: of one that it does not read, no entry has any value."""
        fields = self.reading.fields
        for name in names:
            if fields is None or name in fields:
                continue
            near = did_you_mean(name, fields)
            said = f"logs: lines of {self.reading.source} have no field {name!r}." + (
                near or f" They have: {', '.join(sorted(fields)) or 'none'}."
            )
            raise ConfigError(said) if near else Unsupported(said)

    def _with(self, entries: Iterable[Entry]) -> Entries:
        return Entries(entries, self.reading, self._clean)


def merged(parts: Sequence[Entries]) -> Entries:
    """Entries of several logs by time; those without a time stay behind the one before them."""
    timed: list[tuple[float, Entry]] = []
    for part in parts:
        last = 0.0
        for entry in part:
            last = entry.at if entry.at is not None else last
            timed.append((last, entry))
    first = parts[0].reading
    readings = [part.reading for part in parts]
    whole = replace(
        first,
        source=" and ".join(one.source for one in readings),
        total=sum(one.total for one in readings),
        unreadable=sum(one.unreadable for one in readings),
        undated=sum(one.undated for one in readings),
        cut=tuple(sentence for one in readings for sentence in one.cut),
        oldest_at=min((one.oldest_at for one in readings if one.oldest_at is not None), default=None),
        newest_at=max((one.newest_at for one in readings if one.newest_at is not None), default=None),
        quiet=all(one.quiet for one in readings),
        fields=_all_fields(readings),
    )
    return parts[0].like([entry for _, entry in sorted(timed, key=lambda pair: pair[0])], whole)


def _all_fields(readings: Iterable[Reading]) -> frozenset[str] | None:
    """The fields of all of them; None where those of one are not known."""
    known = [one.fields for one in readings]
    return None if None in known else frozenset().union(*(fields for fields in known if fields is not None))
