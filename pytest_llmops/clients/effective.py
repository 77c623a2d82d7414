"""What is in effect: the values a system's settings have, and whether its processes have read the newest of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.clients.times import epoch_in
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.target.runbook import Runbook


@dataclass(frozen=True, slots=True)
class Process:
    """A process that is running.

    Attributes:
        age_s: since when.
        command: with its arguments.
    """

    age_s: float
    command: str


class EffectiveSettings:
    """The settings of a target as they are in effect.

    Args:
        app: its commands.
        said: what the runbook says of them.
        now: seconds since the epoch.
    """

    def __init__(self, app: AppCommands, said: Runbook, now: Callable[[], float]) -> None:
        self._app = app
        self._said = said
        self._now = now

    def values(self) -> Any:
        """All of them, as the target's own code reads them.

        Raises:
            CallFailed: they cannot be read.
        """
        return self._app.json(self._said.settings.read)

    def value(self, path: str) -> Any:
        """One of them.

        Args:
            path: JMESPath.

        Raises:
            CallFailed: there is none (``empty``).
        """
        found = jmespath.search(path, self.values())
        if found is None:
            raise CallFailed(self._app.component, "empty", f"settings: nothing stands at {path!r}.")
        return found

    def wrong(self) -> list[str]:
        """Those that are not what they must be.

        Raises:
            Unsupported: the target does not say what they must be.
        """
        if not self._said.settings.expect:
            raise Unsupported("settings: the target does not say what they must be; give it runbook.settings.expect.")
        values = self.values()
        found = {path: jmespath.search(path, values) for path in self._said.settings.expect}
        return [
            f"{path} is {found[path]!r}, not {wanted!r}"
            for path, wanted in self._said.settings.expect.items()
            if type(found[path]) is not type(wanted) or found[path] != wanted
        ]

    def unread(self) -> list[str]:
        """What the runbook calls a setting and no code reads, each with what is read in its place."""
        return [f"{name}: {why.rstrip('.')}" for name, why in self._said.settings.unread.items()]

    def processes(self) -> list[Process]:
        """Those that read these settings when they start.

        Raises:
            CallFailed: the list cannot be read.
            Unsupported: the target does not say which they are.
        """
        restart = self._said.restart
        if restart is None:
            raise Unsupported("settings: the target does not say who reads them; give it runbook.restart.")
        lines = [line.split(None, 1) for line in self._app.text(restart.processes).splitlines() if line.strip()]
        try:
            listed = [Process(float(age), command) for age, command in lines]
        except ValueError:
            said = self._app.quoted("; ".join(" ".join(words) for words in lines))
            raise CallFailed(
                self._app.component,
                "bad-answer",
                f"{self._app.component}: {restart.processes}: lines are not 'seconds command': {said}.",
            ) from None
        return [process for process in listed if re.search(restart.runs, process.command)]

    def stale(self) -> list[str]:
        """Processes that started before the settings were last written.

        Raises:
            Vacuous: none is running: the next one reads the settings anyway.
        """
        running = self.processes()
        restart = self._said.restart
        assert restart is not None
        written, now = epoch_in(self._app, restart.settings), self._now()
        if not running:
            raise Vacuous(f"settings: no process of {restart.runs!r} runs, and the next one reads them when it starts.")
        return [
            f"'{process.command}' runs for {spoken(process.age_s)}, and the settings are {spoken(now - written)} old"
            for process in running
            if now - process.age_s < written
        ]

    def not_backed_up(self) -> str:
        """Why the newest copy of the settings does not hold their last change; empty where it does.

        Raises:
            CallFailed: there are no copies, or the settings cannot be found.
        """
        changed = epoch_in(self._app, self._said.backup.settings)
        copied = epoch_in(self._app, self._said.backup.copies)
        if copied >= changed:
            return ""
        return f"settings: they were changed {spoken(changed - copied)} after their newest copy was made"
