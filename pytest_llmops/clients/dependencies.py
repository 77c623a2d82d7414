"""The packages of the target's environment: conflicts, newer versions, known vulnerabilities."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.noise import json_within
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands

CLEAN = "No broken requirements found."
"""What ``pip check`` says where nothing conflicts."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """A package with a newer version."""

    name: str
    version: str
    latest: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} -> {self.latest}"


@dataclass(frozen=True, slots=True)
class Vulnerable:
    """A known vulnerability of an installed package.

    Attributes:
        name, version: of the package.
        id: of the vulnerability.
        fixed_in: the first version without it; empty where there is none.
    """

    name: str
    version: str
    id: str
    fixed_in: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}: {self.id}, " + (
            f"fixed in {self.fixed_in}" if self.fixed_in else "no version is without it"
        )


class Dependencies:
    """The packages of the target's environment, by its own commands: nothing is asked from here.

    Args:
        app: the target's commands ``pip_check``, ``pip_outdated`` and ``pip_audit``.
    """

    def __init__(self, app: AppCommands) -> None:
        self._app = app

    def conflicts(self) -> list[str]:
        """What ``pip check`` reports, a line each.

        Raises:
            CallFailed: it reports nothing that can be read.
        """
        ran = self._app.run("pip_check")
        lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
        found = [line for line in lines if " has requirement " in line or " requires " in line or " is not " in line]
        if bool(found) is (CLEAN in lines) or bool(ran.status) is not bool(found):
            said = self._app.quoted(ran.said)
            raise self._unreadable("pip_check", f"ended with {ran.status} and neither conflicts nor '{CLEAN}': {said}")
        return found

    def outdated(self) -> list[Outdated]:
        """Packages with a newer version, as ``pip list --outdated --format json`` lists them.

        Raises:
            CallFailed: it is no such list.
        """
        rows = self._app.json("pip_outdated")
        try:
            return [Outdated(row["name"], row["version"], row["latest_version"]) for row in rows]
        except (TypeError, KeyError) as error:
            raise self._unreadable("pip_outdated", f"is no list of pip's: {error!r}") from None

    def as_json(self, outdated: list[Outdated]) -> str:
        """Such a list as a document."""
        return json.dumps([asdict(one) for one in outdated], indent=2)

    def vulnerabilities(self) -> list[Vulnerable]:
        """Known vulnerabilities, as ``pip-audit --format json`` lists them; its exit status is 1 where there are any.

        Raises:
            CallFailed: it is no such report, or some packages could not be looked up.
        """
        ran = self._app.run("pip_audit")
        try:
            rows: list[dict[str, Any]] = json_within(ran.output)["dependencies"]
            skipped = [row["name"] for row in rows if "skip_reason" in row]
            found = [
                Vulnerable(row["name"], row["version"], bug["id"], (bug.get("fix_versions") or [""])[0])
                for row in rows
                for bug in row.get("vulns", [])
            ]
        except (TypeError, KeyError, ValueError) as error:
            raise self._unreadable("pip_audit", f"is no report of pip-audit's: {error!r}") from None
        if not rows or len(skipped) == len(rows):
            raise self._unreadable("pip_audit", "looked up no package")
        return found

    def _unreadable(self, name: str, what: str) -> CallFailed:
        return CallFailed(self._app.component, "bad-answer", f"{self._app.component}: {name}: {what}.")
