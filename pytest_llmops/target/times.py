"""When a suite is to run, as cron writes it or as people say it, on the clock of a time zone."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from pytest_llmops.errors import did_you_mean
from pytest_llmops.target.windows import WEEKS, instant, minutes_of, weekdays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXAMPLE = (
    "write five fields of cron, for example '0 9 * * 1-5', or 'Mon-Fri 09:00', 'first Mon 09:00', '09:00' (every day)"
)
SPANS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""First and last value of each of cron's fields: minute, hour, day of the month, month, day of the week (0: Sunday)."""
_WORDS = re.compile(rf"(?:(?:({'|'.join(WEEKS)})\s+)?(\S+)\s+)?(\d{{1,2}}):(\d\d)")
_FIELD = re.compile(r"[A-Za-z0-9*,/#-]+")
_AROUND = dt.timedelta(hours=3)
"""More than any clock is set forward or back."""
_SUNDAY = 6
"""Of ``date.weekday``; cron calls it 0."""


@dataclass(frozen=True)
class Times:
    """Moments on the clock on the wall.

    Attributes:
        fields: cron's five, normalized: ``*``, ``*/5``, or values and runs of them: ``0``, ``1-5``, ``1,15``.
        week: which of the month's such weekdays it is, 1 is the first; 0 for each.
        zone: whose clock is meant; None for this machine's.
    """

    fields: tuple[str, str, str, str, str]
    week: int = 0
    zone: dt.tzinfo | None = None

    @classmethod
    def read(cls, text: str, zone: dt.tzinfo | None = None) -> Times:
        """From what stands in the file.

        Raises:
            ValueError: says what is wrong with it.
        """
        found = _WORDS.fullmatch(text.strip())
        fields, week = _of_cron(text) if found is None else _of_words(found, text)
        if week and fields[2] != "*":
            raise ValueError(
                f"{text!r}: a day of the month and the {WEEKS[week - 1]} weekday of one exclude each other"
            )
        # Of both cron lets either do, unless one begins with a star: there crons differ, and so do their readers
        if fields[2] != "*" and fields[4] != "*" and "*" in (fields[2] + fields[4]):
            raise ValueError(f"{text!r} steps through days and names weekdays, which crons understand differently")
        return cls(fields, week, zone)

    @property
    def cron(self) -> str:
        """Five fields that every cron takes; where ``week`` is given, all days on which such a weekday may fall."""
        minute, hour, day, month, weekday = self.fields
        if self.week:
            return f"{minute} {hour} {self.days} {month} *"
        return f"{minute} {hour} {day} {month} {weekday}"

    @property
    def days(self) -> str:
        """Days of the month on which the ``week``-th weekday may fall: ``1-7``."""
        return f"{7 * self.week - 6}-{7 * self.week}"

    def values(self, field: int) -> list[int]:
        """What a field comes to, in order; all of its span where that is a star."""
        first, last = SPANS[field]
        found = set()
        for part in self.fields[field].split(","):
            span, _, step = part.partition("/")
            low, _, high = span.partition("-")
            low, high = (str(first), str(last)) if span == "*" else (low, high or low)
            found |= set(range(int(low), int(high) + 1, int(step or 1)))
        return sorted(found)

    def last(self, now: dt.datetime) -> dt.datetime:
        """The latest planned moment that is not after now, in UTC.

        Args:
            now: with a time zone, whichever.
        """
        local, found = now.astimezone(self.zone).replace(tzinfo=None), list[dt.datetime]()
        for wall in self._walls(local + _AROUND, back=True):
            found += [one for one in self._instants(wall) if one <= now]
            if found and wall < local - _AROUND:
                break
        return max(found)

    def next(self, now: dt.datetime) -> dt.datetime:
        """The first planned moment after now, in UTC."""
        local, found = now.astimezone(self.zone).replace(tzinfo=None), list[dt.datetime]()
        for wall in self._walls(local - _AROUND, back=False):
            found += [one for one in self._instants(wall) if one > now]
            if found and wall > local + _AROUND:
                break
        return min(found)

    def _walls(self, start: dt.datetime, *, back: bool) -> Iterator[dt.datetime]:
        """Times on the wall from one on; clocks that are changed do not touch these."""
        from croniter import croniter

        nth = ",".join(f"{day}#{self.week}" for day in self.values(4))
        walk = croniter(" ".join((*self.fields[:4], nth if self.week else self.fields[4])), start, ret_type=dt.datetime)
        while True:
            yield walk.get_prev() if back else walk.get_next()

    def _instants(self, wall: dt.datetime) -> list[dt.datetime]:
        """Once; in an hour that comes twice, what is planned for every hour comes in both."""
        first = instant(wall.date(), 60 * wall.hour + wall.minute, self.zone)
        again = wall.replace(tzinfo=self.zone, fold=1).astimezone(dt.UTC)
        return [first, again] if again > first and self.fields[1].startswith("*") else [first]


def _of_words(found: re.Match[str], text: str) -> tuple[tuple[str, str, str, str, str], int]:
    minutes = minutes_of(found[3], found[4], text)
    if minutes == 24 * 60:
        raise ValueError(f"{text!r} is at 24:00; write 00:00, and the next day")
    days = sorted({(day + 1) % 7 for part in (found[2] or "Mon-Sun").split(",") for day in weekdays(part, text)})
    weekday = "*" if len(days) == _SUNDAY + 1 else runs(days)
    hour, minute = divmod(minutes, 60)
    return (str(minute), str(hour), "*", "*", weekday), WEEKS.index(found[1]) + 1 if found[1] else 0


def _of_cron(text: str) -> tuple[tuple[str, str, str, str, str], int]:
    from croniter import CroniterBadCronError, CroniterBadDateError, croniter

    written = text.split()
    near = did_you_mean(written[0], WEEKS) if ":" in text else ""
    if near:
        raise ValueError(f"{text!r} says no times.{near}")
    if len(written) != len(SPANS) or not all(map(_FIELD.fullmatch, written)):
        raise ValueError(f"{text!r} says no times; {EXAMPLE}")
    try:
        values, nth = croniter.expand(text)
        croniter(text, dt.datetime(2024, 1, 1)).get_next()  # noqa: DTZ001 (any leap year's wall clock)
    except CroniterBadDateError:
        raise ValueError(f"{text!r} never comes: no month of these has such a day") from None
    except (CroniterBadCronError, ValueError, KeyError):
        raise ValueError(f"{text!r} says no times; {EXAMPLE}") from None
    weeks = set(chain.from_iterable(nth.values()))
    if weeks - {1, 2, 3, 4} or len(weeks) > 1:
        raise ValueError(
            f"{text!r}: of a month's weekdays one of the first four is meant: '0 9 * * 1#1' is the first Monday"
        )
    if "l" in chain.from_iterable(values):  # the last day, which not every cron knows
        raise ValueError(f"{text!r} says no times; {EXAMPLE}")
    minute, hour, day, month, weekday = (_field(*both) for both in zip(written, values, strict=True))
    return (minute, hour, day, month, weekday), next(iter(weeks), 0)


def _field(written: str, values: Sequence[int | str]) -> str:
    if values == ["*"] or re.fullmatch(r"\*/\d+", written):
        return "*" if values == ["*"] else written
    return runs(sorted({int(value) for value in values}))


def runs(values: Sequence[int]) -> str:
    """Numbers in order as cron writes them: ``1-3,7``."""
    found: list[list[int]] = []
    for value in values:
        if found and value == found[-1][-1] + 1:
            found[-1].append(value)
        else:
            found.append([value])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in found)
