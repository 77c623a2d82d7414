"""A vulnerability scan of images, a host, an environment, by a scanner of the target's, and what it could not see."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmops.clients.app_command import AppCommands

CRITICAL = "CRITICAL"
UNKNOWN = "UNKNOWN"
LISTED = 10
"""So many findings are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """A known vulnerability of something that is installed.

    Attributes:
        where: the image, or the file, that it was found in.
        id: of the vulnerability.
        package, version: what has it.
        fixed_in: the versions without it; empty where there is none.
        severity: as the scanner says it: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN.
    """

    where: str
    id: str
    package: str
    version: str
    fixed_in: str
    severity: str

    def __str__(self) -> str:
        mended = f"fixed in {self.fixed_in}" if self.fixed_in else "no version is without it"
        return f"{self.where}: {self.package} {self.version}: {self.id}, {self.severity.lower()}, {mended}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan came to.

    Attributes:
        scanned: what was looked at: images, folders.
        found: all known vulnerabilities, the worst first.
        unseen: those of ``scanned`` in which nothing was recognised, so that nobody knows of them, with why.
    """

    scanned: tuple[str, ...]
    found: tuple[Weakness, ...]
    unseen: tuple[str, ...]

    @property
    def critical(self) -> tuple[Weakness, ...]:
        """Those that the scanner calls critical."""
        return tuple(one for one in self.found if one.severity == CRITICAL)

    @property
    def said(self) -> str:
        """The critical ones in a sentence, else how many of each severity there are."""
        if not self.critical:
            counted = Counter(one.severity.lower() for one in self.found)
            return ", ".join(f"{number} {severity}" for severity, number in counted.items()) or "nothing was found"
        more = f"; and {len(self.critical) - LISTED} more" if len(self.critical) > LISTED else ""
        return "; ".join(map(str, self.critical[:LISTED])) + more

    def document(self) -> str:
        """All of it, as a page of Markdown for people."""
        rows = (
            f"| {one.severity.lower()} | {one.where} | {one.package} {one.version} | {one.id} | {one.fixed_in} |\n"
            for one in self.found
        )
        scanned = "".join(f"- {one}\n" for one in self.scanned)
        unseen = "".join(f"- not looked into: {one}\n" for one in self.unseen)
        head = f"# Known vulnerabilities\n\n{scanned}{unseen}\n"
        table = "| severity | where | package | vulnerability | fixed in |\n|---|---|---|---|---|\n"
        return "".join([head, table, *rows]) if self.found else f"{head}None was found.\n"

    def whole(self) -> None:
        """See that all of it was looked into.

        Raises:
            Vacuous: in something nothing was recognised, so that no finding there says nothing.
        """
        if self.unseen:
            raise Vacuous(f"app_command: the scan found nothing, and could not look into: {'; '.join(self.unseen)}.")


class Scanner:
    """Scans by the target's own commands, each of which prints Trivy's reports as JSON, one after the other.

    Args:
        app: the target's commands, ``scan_images`` and others.
        there: is told what is to be scanned, and raises where the system is declared to have nothing of it.
    """

    def __init__(self, app: AppCommands, there: Callable[[str], None]) -> None:
        self._app = app
        self._there = there

    def __call__(self, what: str) -> Scan:
        """Scan something, by the command ``scan_WHAT``.

        Args:
            what: ``images``, ``host``, ``environment``.

        Raises:
            Unsupported: the system has nothing of that, or no such command.
            CallFailed: the scanner failed, or printed no report; or there is something of which it is declared that
                the system has nothing.
        """
        self._there(what)
        command = f"scan_{what}"
        text = self._app.text(command)
        try:
            reports = list(_reports(text))
            found = [one for report in reports for one in _weaknesses(report)]
            scanned = tuple(str(report["ArtifactName"]) for report in reports)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._unreadable(command, f"is no report of Trivy's: {error!r}") from None
        if not reports:
            raise self._unreadable(command, "printed no report")
        unseen = tuple(f"{report['ArtifactName']} ({why})" for report in reports if (why := _blind(report)))
        order = [CRITICAL, "HIGH", "MEDIUM", "LOW"]
        found.sort(key=lambda one: (order.index(one.severity) if one.severity in order else len(order), str(one)))
        return Scan(scanned, tuple(found), unseen)

    def _unreadable(self, command: str, what: str) -> CallFailed:
        return CallFailed(self._app.component, "bad-answer", f"{self._app.component}: {command}: {what}.")


def _reports(text: str) -> Iterator[dict[str, Any]]:
    """The documents of a text that is nothing but JSON documents."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        report, end = decoder.raw_decode(rest)
        yield report
        rest = rest[end:].lstrip()


def _weaknesses(report: Mapping[str, Any]) -> Iterator[Weakness]:
    for result in report.get("Results") or []:
        for one in result.get("Vulnerabilities") or []:
            yield Weakness(
                report["ArtifactName"],
                one["VulnerabilityID"],
                one["PkgName"],
                one.get("InstalledVersion", ""),
                one.get("FixedVersion", ""),
                one.get("Severity", UNKNOWN),
            )


def _blind(report: Mapping[str, Any]) -> str:
    """Why nothing can be known of what a report is of; empty where it can."""
    if not report.get("Results"):
        return "neither packages of a system nor of a language were recognised in it"
    system = (report.get("Metadata") or {}).get("OS") or {}
    if system.get("EOSL"):
        name = f"{system.get('Family', 'its system')} {system.get('Name', '')}".strip()
        return f"{name} is out of support: nobody reports its vulnerabilities any more"
    return ""
