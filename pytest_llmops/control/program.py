"""Drives a setting by two commands: one prints its value, one sets it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.control.tool import Tool
from pytest_llmops.control.value import ValueDriver
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import ByProgram


def driver(settings: ByProgram, target: Target) -> ProgramDriver:
    """The driver of a setting's table."""
    return ProgramDriver(settings, target)


class ProgramDriver(ValueDriver):
    """Runs the commands of the table, and believes what the first one prints."""

    def __init__(self, settings: ByProgram, target: Target) -> None:
        table = settings.resolved(target.root, target.environ)
        super().__init__(settings.what, table, target)
        self._environ = dict(target.environ)

    def read(self, within_s: float) -> str:
        """What the command prints."""
        value: str = self.control.value(self._told(self.control.read, within_s))
        return value

    def write(self, value: str, within_s: float) -> None:
        """Run the command that sets it."""
        self._told(self.control.writing(value), within_s)

    def typed(self, value: str) -> str:
        """The command that sets it, in its folder."""
        return f"(cd {shlex.quote(self.control.root)} && {shlex.join(self.control.writing(value))})"

    def _told(self, words: list[str], within_s: float) -> str:
        tool = Tool(tuple(words), Path(self.control.root), self._environ)
        done = tool.run(within_s=within_s)
        if done.status:
            raise ControlError("", "refused", f"{tool} ended with {done.status}; it said: {done.said}")
        return done.out
