"""The packages of the target's operating system: which security updates wait, and how old that knowledge is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients.times import epoch_in
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands

_WOULD = re.compile(r"^Inst (?P<name>\S+)(?: \[(?P<from>[^\]]*)\])? \((?P<to>\S+) (?P<origins>.*?)(?: \[[^\]]*\])?\)")
"""A line of ``apt-get --simulate``: ``Inst libssl3 [3.0.11-1] (3.0.15-1 Debian-Security:12/stable [amd64])``."""

SECURITY = "security"
"""Stands in what Debian and Ubuntu call the archive of security updates."""


@dataclass(frozen=True, slots=True)
class Update:
    """A package that has a newer version.

    Attributes:
        name: of the package.
        version: that is installed; empty for one that would come new with another.
        newer: that would be.
        origins: the archives that have it.
        held: whether it is told to stay as it is, so that an upgrade leaves it alone.
    """

    name: str
    version: str
    newer: str
    origins: str
    held: bool = False

    @property
    def security(self) -> bool:
        """Whether an archive of security updates has it."""
        return SECURITY in self.origins.lower()

    def __str__(self) -> str:
        return f"{self.name} {self.version or '(new)'} -> {self.newer}" + (", which is held" if self.held else "")


class SystemPackages:
    """The packages of the operating system, by the target's own commands.

    Args:
        app: its commands ``system_updates`` (``apt-get --simulate dist-upgrade``), ``packages_held`` (``apt-mark
            showhold``) and ``package_lists`` (when the lists of packages were last fetched, in epoch seconds).
        now: seconds since the epoch.
    """

    def __init__(self, app: AppCommands, now: Callable[[], float]) -> None:
        self._app = app
        self._now = now

    def updates(self) -> list[Update]:
        """All that wait, whatever they mend; also those that are held.

        Raises:
            CallFailed: the command printed something else (kind ``bad-answer``).
        """
        lines = [line for line in self._app.lines("system_updates") if not line.startswith(("Conf ", "Remv ", "Purg "))]
        held = {line.strip().partition(":")[0] for line in self._app.lines("packages_held")}
        found = [_WOULD.match(line) for line in lines]
        if None in found:
            said = self._app.quoted(lines[found.index(None)])
            raise CallFailed(
                self._app.component,
                "bad-answer",
                f"{self._app.component}: system_updates: is no simulated upgrade of apt-get's: {said}.",
            )
        return [
            Update(one["name"], one["from"] or "", one["to"], one["origins"], one["name"].partition(":")[0] in held)
            for one in found
            if one is not None
        ]

    def security_updates(self) -> list[Update]:
        """Those of `updates` that an archive of security updates has.

        Raises:
            CallFailed: as `updates`.
        """
        return [one for one in self.updates() if one.security]

    def lists_age_s(self) -> float:
        """How long ago the lists of packages were fetched: who has old ones knows of no update since.

        Raises:
            CallFailed: it cannot be told.
        """
        return max(0.0, self._now() - epoch_in(self._app, "package_lists"))

    def waits_for_a_boot(self) -> list[str]:
        """Packages that are in effect only once the machine has been started anew, by ``restart_required``.

        Raises:
            CallFailed: it cannot be told.
        """
        return self._app.text("restart_required").split()
