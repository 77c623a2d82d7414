"""Entries of a log: filtered, counted, grouped by what they say, and written for people."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from pytest_llmops.clients.log_entry import PARTS, Entry, Reading
from pytest_llmops.clients.log_groups import Group, Kind, grouped, kinds
from pytest_llmops.clients.log_report import broken_down, compared, told, written
from pytest_llmops.clients.log_words import rank
from pytest_llmops.errors import ConfigError, Unsupported, Vacuous, did_you_mean
from pytest_llmops.target.durations import DAY_S, WEEK_S, spoken
from pytest_llmops.target.moments import utc

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmops.target.moments import Period


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

    def telling_of(self, name: str) -> Entries:
        """Those that have a value of a field.

        Raises:
            Unsupported, ConfigError: as in :meth:`having`.
        """
        self._known(name)
        return self._with(entry for entry in self if entry.fields.get(name) not in (None, ""))

    def last(self, count: int, of_each: str = "") -> Entries:
        """The newest.

        Args:
            count: so many.
            of_each: a field, such as ``instance``: so many of each of its values, so that a replica that says a lot
                does not hide another; a log without it is one.
        """
        if count <= 0:
            return self._with(())
        if not of_each:
            return self._with(self._entries[-count:])
        parts: dict[str, list[int]] = {}
        for index, entry in enumerate(self):
            parts.setdefault(str(entry.part(of_each)), []).append(index)
        kept = {index for indices in parts.values() for index in indices[-count:]}
        return self._with(entry for index, entry in enumerate(self) if index in kept)

    def lines(self, count: int) -> list[str]:
        """The newest lines, those of tracebacks among them, without secrets.

        They are as they stand in the log where its table says ``whole``; else time, level, logger and message.

        Args:
            count: so many at most.
        """
        whole = "\n".join(line for entry in self.last(count) for line in (entry.line or told(entry), *entry.more))
        return self._clean(whole).split("\n")[-count:] if whole else []

    def since(self, moment: float) -> Entries:
        """Those from a moment on."""
        return self._with(entry for entry in self if entry.at is not None and entry.at >= moment)

    def busiest(self, within_s: float) -> int:
        """The most entries that came within so many seconds."""
        times = sorted(entry.at for entry in self if entry.at is not None)
        return max((bisect_right(times, at + within_s) - number for number, at in enumerate(times)), default=0)

    def late(self, within_s: float) -> Entries:
        """Those of so many last seconds."""
        return self.since(self.reading.at - within_s)

    def earlier(self, than_s: float) -> Entries:
        """Those from before so many last seconds."""
        return self._with(entry for entry in self if entry.at is not None and entry.at < self.reading.at - than_s)

    def within(self, periods: Iterable[Period]) -> Entries:
        """Those of one of these periods."""
        wanted = list(periods)
        return self._with(entry for entry in self if entry.at is not None and any(entry.at in one for one in wanted))

    def first_of_each(self, name: str) -> Entries:
        """The first of those that have the same value of a field; each of those that have none.

        Raises:
            Unsupported, ConfigError: as in :meth:`having`.
        """
        self._known(name)
        seen: set[str] = set()
        kept: list[Entry] = []
        for entry in self:
            value = str(entry.fields.get(name) or "")
            if not value or value not in seen:
                kept.append(entry)
            seen.add(value)
        return self._with(kept)

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
        numbers = self.numbers(name)
        if not numbers:
            raise Vacuous(f"logs: no entry of {self.reading.source} has a number as {name}, so it has no mean.")
        return sum(numbers) / len(numbers)

    def numbers(self, name: str) -> list[float]:
        """A field of each entry that has a number there, oldest first.

        Raises:
            Unsupported, ConfigError: as in :meth:`having`.
        """
        self._known(name)
        found = [entry.fields.get(name) for entry in self]
        return [float(one) for one in found if isinstance(one, int | float) and not isinstance(one, bool)]

    def kinds(self, within_s: float = DAY_S, before_s: float = WEEK_S) -> list[Kind]:
        """What is said of late, each with how often, and how often on average in as long a time before.

        Args:
            within_s: how long late is.
            before_s: how much further the log must reach back.

        Raises:
            Vacuous: it does not, so there is nothing to compare with.
        """
        if untold := self._untold(within_s, before_s):
            raise Vacuous(untold)
        return self._kinds(within_s, before_s)

    def novel(self, within_s: float = DAY_S, before_s: float = WEEK_S) -> list[Kind]:
        """What is said of late and was not said before.

        Raises:
            Vacuous: as in :meth:`kinds`; else all would be new.
        """
        return [kind for kind in self.kinds(within_s, before_s) if kind.is_new]

    def rising(self, within_s: float = DAY_S, before_s: float = WEEK_S) -> list[Kind]:
        """What is said more often of late than before, by more than a fifth and more than chance.

        Raises:
            Vacuous: as in :meth:`kinds`.
        """
        return [kind for kind in self.kinds(within_s, before_s) if kind.rises]

    def judged(self, within_s: float | None = None) -> Entries:
        """The same, where their number says anything.

        Args:
            within_s: so many last seconds in which the log must have an entry; without it the period that was read.

        Raises:
            Vacuous: the log has no entry at all of that time.
        """
        newest = self.reading.newest_at
        stale = within_s is not None and (newest is None or newest < self.reading.at - within_s)
        if (stale or not self.reading.total) and not self.reading.quiet:
            last = f"; its newest is {spoken(max(0.0, self.reading.at - newest))} old" if newest else ""
            raise Vacuous(
                f"logs: {self.reading.source} has no entry in that time{last}, so what it does not say tells nothing."
            )
        return self

    def whole(self) -> Entries:
        """The same, where all that was asked for was read: of less, nobody knows how many there are.

        Raises:
            Vacuous: a part of it was not read, or could not be.
        """
        if self.reading.cut:
            raise Vacuous(
                f"logs: not all of {self.reading.source} was read, so what was not found in it may stand there: "
                f"{'; '.join(self.reading.cut)}."
            )
        return self

    def reaching(self, begins: float) -> Entries:
        """The same, where the log reaches back to a moment.

        Args:
            begins: epoch seconds.

        Raises:
            Vacuous: it begins later, and what was there before was not read, or may have been dropped.
        """
        oldest = self.reading.oldest_at
        if oldest is not None and oldest <= begins:
            return self
        self.whole()
        if not self.reading.undropped:
            from_when = f"begins {utc(oldest)}" if oldest is not None else "holds no time"
            raise Vacuous(
                f"logs: {self.reading.source} {from_when} and does not reach back to {utc(begins)}, so what it does "
                "not say of that time tells nothing; look where its rotated files are put."
            )
        return self

    def report(self, title: str, *, groups: int = 20, lines: int = 50, by_type: bool = False) -> str:
        """Markdown for people, without secrets: how much was read, what or which type is most frequent, the newest."""
        return written(title, self, self._clean, groups=groups, lines=lines, by_type=by_type)

    def comparison(self, title: str, within_s: float = DAY_S, before_s: float = WEEK_S) -> str:
        """Markdown for people: all that is said of late, how often now and before, what is new and what rises.

        Where the log does not reach back far enough the document says so, and what is new stays open.
        """
        untold = self._untold(within_s, before_s)
        return compared(title, self, self._clean, self._kinds(within_s, before_s), within_s, untold)

    def breakdown(self, title: str, *names: str, failed: Mapping[str, Any] | None = None, mean: str = "") -> str:
        """Markdown for people: how many entries there are by each of these and their share, the failed, a field's mean.

        Args:
            title: its heading.
            *names: as in :meth:`by`, a table for each; hours and days in their order.
            failed: the fields of those that failed, as in :meth:`having`.
            mean: as in :meth:`mean`.

        Raises:
            Unsupported, ConfigError: as in :meth:`having`.
        """
        return broken_down(title, self, self._clean, names, failed or {}, mean)

    def _kinds(self, within_s: float, before_s: float) -> list[Kind]:
        recent = self.reading.at - within_s
        if self._untold(within_s, before_s):
            return kinds(self, self._clean, recent, None)
        start = max(self.reading.oldest_at or recent, self.reading.since or 0.0)
        return kinds(self, self._clean, recent, (recent - start) / within_s)

    def _untold(self, within_s: float, before_s: float) -> str:
        """Why it cannot be told what is new of late; empty where it can."""
        whole_s = within_s + before_s
        if self.reading.oldest_at is not None and self.reading.oldest_at <= self.reading.at - whole_s:
            return ""
        return (
            f"logs: {self.reading.source} does not reach back {spoken(whole_s)}, so what is new in the last "
            f"{spoken(within_s)} cannot be told."
        )

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
        undropped=all(one.undropped for one in readings),
        fields=_all_fields(readings),
    )
    return parts[0].like([entry for _, entry in sorted(timed, key=lambda pair: pair[0])], whole)


def _all_fields(readings: Iterable[Reading]) -> frozenset[str] | None:
    """The fields of all of them; None where those of one are not known."""
    known = [one.fields for one in readings]
    return None if None in known else frozenset().union(*(fields for fields in known if fields is not None))
