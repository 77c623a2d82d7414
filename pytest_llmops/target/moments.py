"""Moments as text: on the reader's own clock, or in UTC, for people and for machines."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


def moment(seconds: float) -> str:
    """Seconds since the epoch on the reader's clock: ``2026-11-28 09:00``."""
    return f"{dt.datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"


def in_utc(seconds: float) -> str:
    """Seconds since the epoch for people, wherever they are: ``2026-11-28 08:00:00 UTC``."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def utc(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601: ``2026-11-28T08:00:00Z``."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment to another, both in seconds since the epoch and both of it."""

    begins: float
    ends: float

    def __contains__(self, seconds: float) -> bool:
        return self.begins <= seconds <= self.ends

    def __str__(self) -> str:
        """``2026-11-28T08:00:00Z to 2026-11-28T09:00:00Z``."""
        return f"{utc(self.begins)} to {utc(self.ends)}"
