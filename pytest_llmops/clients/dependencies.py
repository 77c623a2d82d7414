"""The packages of the target's environment: conflicts, newer versions, known vulnerabilities."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.noise import json_within
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.moments import utc

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_llmops.clients.app_command import AppCommands, Ran

CLEAN = "No broken requirements found."
"""What ``pip check`` says where nothing conflicts."""

GIVEN_UP = re.compile(r"Retry\(total=0\b.*/([^/\s]+)/?$", re.MULTILINE)
"""How pip warns of its last try to ask its index for a package; then it lists the package as up to date."""


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


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit came to.

    Attributes:
        vulnerable: known vulnerabilities of the packages that were looked up.
        skipped: packages that could not be looked up, each with the reason: nobody knows of these.
    """

    vulnerable: tuple[Vulnerable, ...]
    skipped: tuple[str, ...]

    @property
    def fixable(self) -> tuple[Vulnerable, ...]:
        """Those that a newer version is without."""
        return tuple(one for one in self.vulnerable if one.fixed_in)

    def whole(self) -> None:
        """See that nothing was left out.

        Raises:
            Vacuous: a package could not be looked up, so that nothing that was found says nothing.
        """
        if self.skipped:
            raise Vacuous(f"app_command: pip_audit found nothing, and could not look up: {', '.join(self.skipped)}.")


@dataclass(frozen=True, slots=True)
class Since:
    """Outdated packages now beside those of an earlier list.

    Attributes:
        new: those that the earlier list did not have.
        still: those that both have.
        gone: names of those that are outdated no more.
    """

    new: tuple[Outdated, ...]
    still: tuple[Outdated, ...]
    gone: tuple[str, ...]

    def as_json(self, at: float) -> str:
        """The three as a document.

        Args:
            at: when the earlier list was made, seconds since the epoch.
        """
        found = {"since": utc(at), "new": list(map(str, self.new)), "still": list(map(str, self.still))}
        return json.dumps({**found, "gone": list(self.gone)}, indent=2)


class Dependencies:
    """The packages of the target's environment, by its own commands: nothing is asked from here.

    Args:
        app: the target's commands ``pip_check``, ``pip_list``, ``pip_outdated`` and ``pip_audit``.
    """

    def __init__(self, app: AppCommands) -> None:
        self._app = app

    def conflicts(self) -> list[str]:
        """What ``pip check`` reports, a line each.

        Raises:
            CallFailed: it reports nothing that can be read.
        """
        ran = self._ran("pip_check")
        lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
        found = [line for line in lines if " has requirement " in line or " requires " in line or " is not " in line]
        if bool(found) is (CLEAN in lines) or bool(ran.status) is not bool(found):
            said = self._app.quoted(ran.said)
            raise self._unreadable("pip_check", f"ended with {ran.status} and neither conflicts nor '{CLEAN}': {said}")
        return found

    def outdated(self) -> list[Outdated]:
        """Packages with a newer version, as ``pip list --outdated --format json`` lists them.

        Raises:
            CallFailed: it is no such list; or pip got no answer of its index, which it only warns of.
        """
        ran = self._ran("pip_outdated")
        if unanswered := list(dict.fromkeys(GIVEN_UP.findall(ran.errors))):
            some = f"{', '.join(unanswered[:5])}{' and others' if len(unanswered) > 5 else ''}"
            raise self._unreadable("pip_outdated", f"its index did not answer for {some}, so that nobody knows of them")
        try:
            return [Outdated(row["name"], row["version"], row["latest_version"]) for row in json_within(ran.output)]
        except (TypeError, KeyError, ValueError) as error:
            raise self._unreadable("pip_outdated", f"is no list of pip's: {error!r}") from None

    def installed(self) -> dict[str, str]:
        """Package, its name as pip compares names, to the version that is installed: ``pip list --format json``.

        Raises:
            CallFailed: it is no such list.
        """
        from packaging.utils import canonicalize_name

        rows = self._listed("pip_list")
        try:
            return {canonicalize_name(row["name"]): str(row["version"]) for row in rows}
        except (TypeError, KeyError) as error:
            raise self._unreadable("pip_list", f"is no list of pip's: {error!r}") from None

    def outside(self, allowed: Mapping[str, str]) -> list[str]:
        """Sentences of packages that are not installed in a version that may be; compared as versions.

        Args:
            allowed: package to a range, such as ``>=4.40,<5``.

        Raises:
            Unsupported: nothing says which versions those are.
            CallFailed: as `installed`.
        """
        from packaging.specifiers import SpecifierSet
        from packaging.utils import canonicalize_name
        from packaging.version import InvalidVersion

        if not allowed:
            raise Unsupported("the target does not say which versions may be installed; give it security.packages.")
        there, said = self.installed(), []
        for name, versions in allowed.items():
            version = there.get(canonicalize_name(name))
            try:
                fits = version is not None and SpecifierSet(versions).contains(version, prereleases=True)
            except InvalidVersion:
                fits = False
            if not fits:
                said.append(f"{name} {version or 'is not installed'}, and {versions} is allowed")
        return said

    def as_json(self, outdated: list[Outdated]) -> str:
        """Such a list as a document."""
        return json.dumps([asdict(one) for one in outdated], indent=2)

    @staticmethod
    def since(now: Sequence[Outdated], earlier: Collection[str]) -> Since:
        """Which packages have become outdated since an earlier list, and which are so no more.

        Args:
            now: as `outdated` lists them.
            earlier: names of those that were outdated then.
        """
        new, still = ([one for one in now if (one.name in earlier) is was] for was in (False, True))
        return Since(tuple(new), tuple(still), tuple(sorted(set(earlier) - {one.name for one in now})))

    def audit(self) -> Audited:
        """Known vulnerabilities, as ``pip-audit --format json`` lists them; its exit status is 1 where there are any.

        Raises:
            CallFailed: it is no such report, or not one package could be looked up.
        """
        ran = self._ran("pip_audit")
        try:
            rows: list[dict[str, Any]] = json_within(ran.output)["dependencies"]
            skipped = tuple(f"{row['name']} ({row['skip_reason']})" for row in rows if "skip_reason" in row)
            found = tuple(
                Vulnerable(row["name"], row["version"], bug["id"], (bug.get("fix_versions") or [""])[0])
                for row in rows
                for bug in row.get("vulns", [])
            )
        except (TypeError, KeyError, ValueError) as error:
            raise self._unreadable("pip_audit", f"is no report of pip-audit's: {error!r}") from None
        if not rows or len(skipped) == len(rows):
            raise self._unreadable("pip_audit", "looked up no package")
        return Audited(found, skipped)

    def _ran(self, name: str) -> Ran:
        """What a command came to, where it is the application's environment that it asks."""
        self._app.must_be_its_own(name)
        return self._app.run(name)

    def _listed(self, name: str) -> Any:
        self._app.must_be_its_own(name)
        return self._app.json(name)

    def _unreadable(self, name: str, what: str) -> CallFailed:
        return CallFailed(self._app.component, "bad-answer", f"{self._app.component}: {name}: {what}.")
