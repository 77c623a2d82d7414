"""Texts of a profile with times in them: ``{now}``, ``{epoch}``, ``{date}``, ``{at -2h %H:%M}``, ``{spent 50%}``."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.durations import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TIME = re.compile(r"\{(?:(now|epoch|date)|at\s+([+-]?)([^\s{}]+)\s+([^{}]+))\}")
_IN_UTC = "utc "
_NUMBER = re.compile(r"\{n\}")
_SPENT = re.compile(r"\{spent\s+([\d.]+)%\}")
_BEGAN = time.monotonic()


class Texts:
    """Fills in the texts of one profile.

    ``{n}`` is a number that is counted up, also within ``{at -{n}m …}``. FORMAT after ``{at`` is ``iso`` (UTC, with
    Z), ``epoch``, or of strftime, where ``%L`` is milliseconds in three digits and ``utc `` before it
    means UTC whatever the timezone. ``{spent 50%}`` is whole seconds of a processor, as of a process that has kept half
    of one busy since this process began.

    Args:
        timezone: of times that are written with strftime; ``local`` is this machine's.
        pace: how much faster than the clock time goes by, for ``{spent}``.

    Raises:
        ConfigError: there is no such timezone.
    """

    def __init__(self, timezone: str = "UTC", pace: float = 1.0) -> None:
        self._pace = pace
        try:
            self._zone = None if timezone == "local" else ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError(
                f"sandbox.timezone: unknown timezone {timezone!r}; write one such as 'America/Vancouver'."
            ) from None

    def written(
        self, text: str, values: Mapping[str, Any] | None = None, *, number: int = 1, at: float | None = None
    ) -> str:
        """A text filled in.

        Args:
            text: with times, ``{n}``, and names of ``values``; any other braces stay.
            values: what else it may name.
            number: ``{n}``.
            at: what is now, in seconds since the epoch; the clock by default.

        Raises:
            ConfigError: a time that it asks for cannot be read.
        """
        now = time.time() if at is None else at
        filled = _NUMBER.sub(str(number), text)
        filled = _TIME.sub(lambda found: str(self._moment(found, now)), filled)
        filled = _SPENT.sub(self._spent, filled)
        if values:
            names = "|".join(map(re.escape, values))
            filled = re.sub(rf"\{{({names})\}}", lambda found: str(values[found[1]]), filled)
        return filled

    def rendered(self, template: Any, values: Mapping[str, Any] | None = None) -> Any:
        """A JSON template filled in; a text that is one time alone (``"{epoch}"``) is a number where it is one."""
        if isinstance(template, dict):
            return {key: self.rendered(item, values) for key, item in template.items()}
        if isinstance(template, list):
            return [self.rendered(item, values) for item in template]
        if not isinstance(template, str):
            return template
        alone = _TIME.fullmatch(template)
        return self._moment(alone, time.time()) if alone else self.written(template, values)

    def _spent(self, found: re.Match[str]) -> str:
        return str(int(float(found[1]) / 100 * (time.monotonic() - _BEGAN) * self._pace))

    def _moment(self, found: re.Match[str], now: float) -> str | int:
        word, sign, ago, form = found.groups()
        if word is None:
            try:
                shift = seconds(ago)
            except ValueError as error:
                raise ConfigError(f"{found[0]} is not a time: {error}.") from None
            now += -shift if sign == "-" else shift
        form = {"now": "iso", "epoch": "epoch", "date": "%Y-%m-%d"}.get(word or "", form)
        if form == "epoch":
            return int(now)
        if form == "iso":
            return dt.datetime.fromtimestamp(now, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        moment = dt.datetime.fromtimestamp(now, dt.UTC).astimezone(dt.UTC if form.startswith(_IN_UTC) else self._zone)
        form = form.removeprefix(_IN_UTC)
        return moment.strftime(form.replace("%L", f"{moment.microsecond // 1000:03d}"))


def within(value: Any) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from within(item)
    elif isinstance(value, list):
        for item in value:
            yield from within(item)
