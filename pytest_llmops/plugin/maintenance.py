"""Maintenance windows as the runbook names them, as they are configured, and whether the keys obey them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.plugin.keys import why_locked
from pytest_llmops.procedures.catalogue import of_system
from pytest_llmops.target.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.runbook import RunbookDocument
    from pytest_llmops.plugin.options import Options
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.windows import Window

LOOK_AHEAD_DAYS = 80
"""A window that is there once a month, and swallowed once by the change to summer time, is there by then."""
MINUTE = dt.timedelta(minutes=1)
GATE = ".window-gate"
"""Ends the id of the step by which a section of a runbook has a window."""
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
        """Moments in and beside a window at which one of its steps, with both keys, is let through or refused wrongly.

        Asked is what refuses tests in every run. A step of the window is one of a section that waits for it
        (``disruption.only``); where none does, one of the runbook's only section that has a window, else any step.

        Raises:
            CallFailed: the runbook names no such window.
        """
        wanted, windows = self.named(name), self.target.table.disruption.maintenance
        opens, closes = self._next(wanted)
        alone = replace(windows, windows=(wanted,))
        moments = [opens, closes - MINUTE, *self._beside(opens, closes)]
        return [
            f"{said} is {'refused' if alone.is_open(moment) else 'let through'} on "
            f"{moment.astimezone(windows.zone):%a %Y-%m-%d %H:%M}"
            for said, procedures in self._steps(wanted).items()
            for moment in moments
            if alone.is_open(moment) is bool(self._refusal(moment, procedures))
        ]

    def refused_beside(self, name: str) -> int:
        """How many of the moments beside a window are refused: with none, it would never be closed.

        Raises:
            CallFailed: the runbook names no such window.
        """
        wanted = self.named(name)
        moments = self._beside(*self._next(wanted))
        return sum(
            all(self._refusal(moment, procedures) for procedures in self._steps(wanted).values()) for moment in moments
        )

    @staticmethod
    def _beside(opens: dt.datetime, closes: dt.datetime) -> list[dt.datetime]:
        return [opens - MINUTE, closes, *(opens + later for later in BESIDE)]

    def _steps(self, wanted: Window) -> dict[str, tuple[str, ...]]:
        """What is said of steps that wait for a window, to their ids: by section; of any step where none is known to.

        Raises:
            ConfigError: a section that waits for it, or for none, is none of the runbook's.
        """
        table, system = self.target.table.disruption, self.target.table.system
        sections = {step.split(".")[1] for step in of_system(system)}
        waiting = [name for name, texts in table.only.items() if wanted in Windows.read(texts, None).windows]
        for key, names in (("only", waiting), ("anytime", table.anytime)):
            if strange := [name for name in names if name not in sections]:
                said = f"{strange[0]!r} is no section of the runbook of {system}.{did_you_mean(strange[0], sections)}"
                raise ConfigError(f"{self.target.where[:-1]}.disruption.{key}]: {said}")
        gated = [step.split(".")[1] for step in of_system(system) if step.endswith(GATE)]
        waiting = waiting or (gated if len(gated) == 1 else [])
        found = {name: tuple(step for step in of_system(system) if step.split(".")[1] == name) for name in waiting}
        return {f"a step of {name}": steps for name, steps in found.items()} or {f"what waits for '{wanted}'": ()}

    def _refusal(self, moment: dt.datetime, procedures: tuple[str, ...]) -> str:
        allowed = self.target.table.disruption.model_copy(update={"allowed": True})
        table = self.target.table.model_copy(update={"disruption": allowed})
        unlocked = replace(self.target, table=table, own_windows=True)
        options = replace(self.options, allow_disruption=self.target.name)
        return why_locked(unlocked, options, moment.timestamp(), procedures)

    def _next(self, window: Window) -> tuple[dt.datetime, dt.datetime]:
        """From when to when it is open next."""
        zone, now = self.target.table.disruption.maintenance.zone, self.now()
        today = now.astimezone(zone).date()
        days = (today + dt.timedelta(days=ahead) for ahead in range(LOOK_AHEAD_DAYS))
        return next(times for day in days if (times := window.on(day, zone)) is not None and times[0] > now)
