"""Maintenance windows: when a target may be changed, as people write it; over midnight, and when clocks change."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from itertools import chain
from zoneinfo import ZoneInfo, available_timezones

from pytest_llmops.errors import did_you_mean

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKS = ("first", "second", "third", "fourth")
"""Which of a month's weekdays, 'first Sat'; of each there are four at least."""
EXAMPLE = (
    "write for example 'Sat 02:00-04:00', 'first Sun 02:00-06:00', 'Mon-Fri 22:00-06:00' or '01:00-05:00' (every day)"
)
_PATTERN = re.compile(rf"(?:(?:({'|'.join(WEEKS)})\s+)?(\S+)\s+)?(\d{{1,2}}):(\d\d)\s*-\s*(\d{{1,2}}):(\d\d)")
_DAY_MIN = 24 * 60
_LOOK_AHEAD_DAYS = 80
"""A window that the change to summer time swallows is there again a week, or a month, later."""


@dataclass(frozen=True)
class Window:
    """On some weekdays, between two times of the clock on the wall.

    Attributes:
        days: on which it begins, 0 is Monday.
        opens: minutes since midnight.
        closes: the same; above a day's where it ends on the next.
        week: which of the month's such days it is, 1 is the first; 0 for each.
    """

    days: frozenset[int]
    opens: int
    closes: int
    week: int = 0

    @property
    def lasts_s(self) -> float:
        """How long it is open, where no clock is changed meanwhile."""
        return (self.closes - self.opens) * 60.0

    def __str__(self) -> str:
        """As it is written in the file: ``first Sat 02:00-04:00``."""
        days = "" if len(self.days) == len(DAYS) else ",".join(DAYS[day] for day in sorted(self.days))
        which = f"{WEEKS[self.week - 1]} " if self.week else ""
        return f"{which}{days + ' ' if days else ''}{_clock(self.opens)}-{_clock(self.closes)}"

    def on(self, day: dt.date, zone: dt.tzinfo | None) -> tuple[dt.datetime, dt.datetime] | None:
        """From when to when it is open, in UTC; None where it does not begin on that day."""
        if day.weekday() not in self.days or (self.week and (day.day - 1) // 7 + 1 != self.week):
            return None
        opens, closes = (instant(day, minutes, zone) for minutes in (self.opens, self.closes))
        return (opens, closes) if opens < closes else None  # the clock jumped over all of it


@dataclass(frozen=True)
class Windows:
    """All of a target's; without any it may be changed at any time.

    Attributes:
        windows: in the order of the file.
        zone: whose clock is meant; None for this machine's.
    """

    windows: tuple[Window, ...]
    zone: dt.tzinfo | None = None

    @classmethod
    def read(cls, texts: list[str], zone: str | None) -> Windows:
        """From what stands in the file.

        Raises:
            ValueError: one of them is no window, or there is no such zone.
        """
        return cls(tuple(window(text) for text in texts), timezone(zone) if zone else None)

    def is_open(self, now: dt.datetime) -> bool:
        """Whether a change may begin.

        Args:
            now: with a time zone, whichever.
        """
        return not self.windows or any(opens <= now < closes for opens, closes in self._near(now))

    def opens_next(self, now: dt.datetime) -> str:
        """When the next one opens, on the clock that is meant: ``Sat 2026-12-05 02:00 CET``."""
        first = min((opens for opens, _ in self._near(now) if opens > now), default=None)
        if first is None:
            return "never"
        local = first.astimezone(self.zone)
        return f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M %Z}"

    def _near(self, now: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
        today = now.astimezone(self.zone).date()
        days = [today + dt.timedelta(days=ahead) for ahead in range(-1, _LOOK_AHEAD_DAYS)]
        return [times for day in days for one in self.windows if (times := one.on(day, self.zone)) is not None]


def window(text: str) -> Window:
    """Read one.

    Raises:
        ValueError: says what is wrong with it.
    """
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no maintenance window; {EXAMPLE}")
    days = frozenset(chain.from_iterable(weekdays(part, text) for part in (found[2] or "Mon-Sun").split(",")))
    opens, closes = (minutes_of(found[first], found[first + 1], text) for first in (3, 5))
    if opens == _DAY_MIN:
        raise ValueError(f"{text!r} begins at 24:00; write 00:00, and the next day")
    if opens == closes:
        raise ValueError(f"{text!r} ends when it begins; for whole days write 00:00-24:00")
    week = WEEKS.index(found[1]) + 1 if found[1] else 0
    return Window(days, opens, closes if closes > opens else closes + _DAY_MIN, week)


@cache
def timezone(name: str) -> ZoneInfo:
    """A zone by its name.

    Raises:
        ValueError: there is none; names the nearest.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder
        near = did_you_mean(name, available_timezones())
        raise ValueError(f"{name!r} is no time zone.{near or ' Write for example Europe/Berlin, or UTC'}") from None


def weekdays(text: str, whole: str) -> list[int]:
    """``Sat``, or ``Mon-Fri``, also over the weekend; 0 is Monday.

    Raises:
        ValueError: it is neither; quotes the whole of which it is a part.
    """
    first, dash, last = text.partition("-")
    begin = _day(first, whole)
    end = _day(last, whole) if dash else begin
    return [(begin + ahead) % len(DAYS) for ahead in range((end - begin) % len(DAYS) + 1)]


def _day(word: str, whole: str) -> int:
    if word in DAYS:
        return DAYS.index(word)
    short = dict(zip((*map(str.lower, DAYS), *map(str.lower, FULL)), DAYS * 2, strict=True))
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), short, n=1, cutoff=0.6)
    said = f"Did you mean {short[near[0]]!r}?" if near else f"Known: {', '.join(DAYS)}"
    raise ValueError(f"{whole!r}: {word!r} is no weekday. {said}")


def minutes_of(hours: str, minutes: str, whole: str) -> int:
    """Minutes since midnight.

    Raises:
        ValueError: there is no such time of day; quotes the whole of which it is a part.
    """
    found = 60 * int(hours) + int(minutes)
    if int(minutes) >= 60 or found > _DAY_MIN:
        raise ValueError(f"{whole!r}: {hours}:{minutes} is no time of day; from 00:00 to 24:00")
    return found


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes if minutes <= _DAY_MIN else minutes - _DAY_MIN, 60)
    return f"{hours:02d}:{rest:02d}"


def instant(day: dt.date, minutes: int, zone: dt.tzinfo | None) -> dt.datetime:
    """A time on the wall as an instant; of one that comes twice the first, of one that never comes what it would be."""
    ahead, within = divmod(minutes, _DAY_MIN)
    wall = dt.datetime.combine(day + dt.timedelta(days=ahead), dt.time(*divmod(within, 60)), tzinfo=zone)
    return wall.astimezone(dt.UTC)
