"""Maintenance windows as the runbook names them, as they are configured, and whether the keys obey them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmops.plugin.keys import why_locked

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.runbook import RunbookDocument
    from pytest_llmops.plugin.options import Options
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.windows import Window

LOOK_AHEAD_DAYS = 80
"""A window that is there once a month, and swallowed once by the change to summer time, is there by then."""
MINUTE = dt.timedelta(minutes=1)
BESIDE = (dt.timedelta(hours=12), dt.timedelta(days=1), dt.timedelta(days=3), dt.timedelta(days=7))
"""How long after its begin a window is looked at again: it, or another of the target's, may be open then."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The maintenance windows of a target.

    Attributes:
        target: the deployment.
        options: of the run; the second key is turned for what is tried here, where nothing is changed.
        document: the runbook.
        now: in UTC.
    """

    target: Target
    options: Options
    document: RunbookDocument
    now: Callable[[], dt.datetime]

    def named(self, name: str) -> Window:
        """A window that the runbook names.

        Raises:
            CallFailed: it names none, or the document cannot be read.
            Unsupported: the target does not say where it stands.
        """
        return self.document.window(name)

    def missing(self, name: str) -> str:
        """What is wrong with the windows that are configured; empty where the runbook's is among them.

        Raises:
            CallFailed: the runbook names none.
        """
        wanted, given = self.named(name), self.target.table.disruption.maintenance.windows
        if wanted in given:
            return ""
        known = ", ".join(map(str, given)) or "none, so that a change may begin at any time"
        return (
            f"{self.target.where[:-1]}.disruption] windows lacks '{wanted}', which the runbook names; it has: {known}"
        )

    def wrongly_judged(self, name: str) -> list[str]:
        """Moments in and beside a window at which a disruptive test with both keys is let through or refused wrongly.

        Asked is what refuses tests in every run: it is refused unless a window of the target is open.

        Raises:
            CallFailed: the runbook names no such window.
        """
        windows = self.target.table.disruption.maintenance
        opens, closes = self._next(self.named(name))
        inside = [opens, closes - MINUTE]
        outside = [opens - MINUTE, closes, *(opens + later for later in BESIDE)]
        moments = [(moment, True) for moment in inside] + [(moment, windows.is_open(moment)) for moment in outside]
        return [
            f"{moment.astimezone(windows.zone):%a %Y-%m-%d %H:%M} is {'refused' if may else 'let through'}"
            for moment, may in moments
            if may is bool(self._refusal(moment))
        ]

    def refused_beside(self, name: str) -> int:
        """How many of the moments beside a window are refused: with none, it would never be closed.

        Raises:
            CallFailed: the runbook names no such window.
        """
        opens, closes = self._next(self.named(name))
        return sum(
            bool(self._refusal(moment)) for moment in (opens - MINUTE, closes, *(opens + later for later in BESIDE))
        )

    def _refusal(self, moment: dt.datetime) -> str:
        allowed = self.target.table.disruption.model_copy(update={"allowed": True})
        table = self.target.table.model_copy(update={"disruption": allowed})
        unlocked = replace(self.target, table=table, own_windows=True)
        return why_locked(unlocked, replace(self.options, allow_disruption=self.target.name), moment.timestamp())

    def _next(self, window: Window) -> tuple[dt.datetime, dt.datetime]:
        """From when to when it is open next."""
        zone, now = self.target.table.disruption.maintenance.zone, self.now()
        today = now.astimezone(zone).date()
        days = (today + dt.timedelta(days=ahead) for ahead in range(LOOK_AHEAD_DAYS))
        return next(times for day in days if (times := window.on(day, zone)) is not None and times[0] > now)
