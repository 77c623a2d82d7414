"""Moments as people give them to a command."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import click


class Moment(click.ParamType[float]):
    """A day, a moment, or how long ago: ``2026-11-28``, ``2026-11-28 09:00``, ``2026-11-28T09:00Z``, ``7d``."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since the epoch; without a time zone the reader's own is meant."""
        if isinstance(value, float):
            return value
        try:
            return dt.datetime.fromisoformat(str(value).strip()).astimezone().timestamp()
        except (ValueError, OverflowError, OSError):
            pass
        from pytest_llmops.target.durations import seconds

        try:
            return time.time() - seconds(value)
        except ValueError:
            self.fail(
                f"{value!r} is no moment; write '2026-11-28', '2026-11-28 09:00' (your own clock), "
                "or how long ago: '7d'.",
                param,
                ctx,
            )
