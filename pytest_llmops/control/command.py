"""Drives a component by commands of the team's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.driver import Ability, State, Status
from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.control import Command
    from pytest_llmops.target.load import Target

STATES: dict[int, State] = {0: "running", 3: "stopped", 4: "paused"}
"""What the exit status of ``status`` says; 3 as of the status action of LSB init scripts and of systemctl."""


def driver(settings: Command, target: Target) -> CommandDriver:
    """The driver of a ``control`` table."""
    return CommandDriver(settings, target)


class CommandDriver:
    """Runs the commands of the table, and believes their exit status."""

    def __init__(self, settings: Command, target: Target) -> None:
        self.what = settings.what
        self.control = settings.resolved(target.root, target.environ)
        asked = [*get_args(Ability), "status", "instance"]
        words = {name: tuple(getattr(settings, name, ())) for name in asked}
        folder, environ = Path(str(self.control.cwd)), dict(target.environ)
        self._tools = {name: Tool(given, folder, environ) for name, given in words.items() if given}

    @property
    def can(self) -> frozenset[Ability]:
        """What the table gives a command for."""
        return frozenset(name for name in get_args(Ability) if name in self._tools)

    def status(self, within_s: float) -> Status:
        """What the exit status of ``status`` says."""
        deadline = Deadline(within_s)
        tool = self._tools["status"]
        done = tool.run(within_s=deadline.left_s)
        if done.status not in STATES:
            raise ControlError(
                "",
                "refused",
                f"{tool} ended with {done.status}, which says nothing of the component "
                f"(0: it runs; 3: it is stopped; 4: it is paused); it said: {done.said}",
            )
        state = STATES[done.status]
        instance = ""
        if state != "stopped" and "instance" in self._tools:
            instance = self._told("instance", deadline.left_s).strip()
        return Status(state, instance, done.said if done.out.strip() or done.err.strip() else "")

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Run the command of that name; of a ``resume`` that fails, ``status`` knows whether anything is paused."""
        deadline = Deadline(within_s)
        try:
            self._told(act, deadline.left_s)
        except ControlError as error:
            if act != "resume" or error.kind != "refused" or self.status(deadline.left_s).state != "running":
                raise

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The last lines of what ``logs`` prints."""
        return self._told("logs", within_s).splitlines()[-lines:]

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The command of that name, in its folder."""
        return self._tools[act].typed()

    def close(self) -> None:
        """Nothing is held."""

    def _told(self, name: str, within_s: float) -> str:
        tool = self._tools[name]
        done = tool.run(within_s=within_s)
        if done.status:
            raise ControlError("", "refused", f"{tool} ended with {done.status}; it said: {done.said}")
        return done.out
