"""What the application says of itself: its status and alerts, by a command of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.target.runbook import Status


class OwnStatus:
    """The application's word for how it is.

    Args:
        app: its commands.
        said: which of them says it, and where in its JSON; None: the target does not say.
    """

    def __init__(self, app: AppCommands, said: Status | None) -> None:
        self._app = app
        self._given = said

    def not_good(self) -> str:
        """Why its status is not good, with what it is alarmed about; empty where it is.

        Raises:
            CallFailed: it cannot be read.
            Vacuous: it has counted nothing.
        """
        found = self._counted()
        word = jmespath.search(self._said.status, found)
        if not isinstance(word, str):
            raise self._unreadable(self._said.status, "status", word)
        if word in self._said.good:
            return ""
        alarms = "; ".join(self._alerts(found)) or "no alert"
        return f"{self._app.component}: {self._said.read}: the status is {word}: {alarms}"

    def alerts(self) -> list[str]:
        """What it is alarmed about.

        Raises:
            CallFailed: it cannot be read.
            Vacuous: it has counted nothing.
        """
        return self._alerts(self._counted())

    @property
    def _said(self) -> Status:
        if self._given is None:
            raise Unsupported("the target does not say what the application says of itself; give it runbook.status.")
        return self._given

    def _counted(self) -> Any:
        """What it says, if it is of something."""
        found = self._app.json(self._said.read)
        path = self._said.counted
        if path is None:
            return found
        count = jmespath.search(path, found)
        if isinstance(count, bool) or not isinstance(count, int | float):
            raise self._unreadable(path, "count", count)
        if not count:
            raise Vacuous(
                f"{self._app.component}: {self._said.read}: it has counted nothing ({path} is 0), so its status and "
                "alerts say nothing."
            )
        return found

    def _alerts(self, found: Any) -> list[str]:
        alerts = jmespath.search(self._said.alerts, found)
        if not isinstance(alerts, list):
            raise self._unreadable(self._said.alerts, "list of alerts", alerts)
        return [str(alert) for alert in alerts]

    def _unreadable(self, path: str, what: str, found: Any) -> CallFailed:
        return CallFailed(
            self._app.component,
            "bad-answer",
            f"{self._app.component}: {self._said.read}: {path} is no {what}: {self._app.quoted(repr(found))}.",
        )
