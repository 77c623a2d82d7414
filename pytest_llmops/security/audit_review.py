"""The review of an audit log: read when it is asked for, judged, and written for people."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.log_report import at as moment
from pytest_llmops.clients.log_rotation import unkept, unrotated
from pytest_llmops.clients.log_words import without_secrets
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.security import audit_log, audit_reading, audit_tampering
from pytest_llmops.security.audit_entries import NAME, AuditEntry, AuditFile, entries_of, unreadable_in
from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.security.audit_log import Fault, Gap, Kind
    from pytest_llmops.security.audit_tampering import Tampering
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.audit_trails import AuditTrail, Expected
    from pytest_llmops.target.load import Target

NO_ENTRY = f"{NAME}: the audit log has no entry, so nothing can be said of it."

LOOKS = 5
"""So often both counts are read, while others make events: between two readings of the log the other must lie."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many entries there are, and how many there must be.

    Attributes:
        entries: in the audit log.
        expected: as something else has counted them.
        place: what that is.
    """

    entries: int
    expected: int
    place: str


class AuditReview:
    """The target's audit log.

    Args:
        target: the deployment.
        ledger: where what commands cost is counted.
        logs: gives the client of its other logs.
        figures: gives its figures.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        target: Target,
        ledger: Ledger,
        logs: Callable[[], Logs],
        figures: Callable[[], Figures],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.target = target
        self._ledger = ledger
        self._logs = logs
        self._figures = figures
        self._now = now
        self._redactor = target.redactor()

    def __repr__(self) -> str:
        return f"AuditReview({self.target.name})"

    def files(self) -> list[AuditFile]:
        """Its files as they are now, oldest first.

        Raises:
            Unsupported: the system has none.
            CallFailed: it has one, by its table, and none is there, or it cannot be read; it is declared to have none,
                and one is there (kind ``untrue``).
        """
        table = self._table()
        unless_lacking(self.target, NAME, "audit_log", lambda: self._there(table))
        return audit_reading.read(self.target, table, self._ledger)

    def _there(self, table: AuditTrail) -> str:
        """That there is one, in words; empty where there is none."""
        try:
            found = audit_reading.read(self.target, table, self._ledger)
        except CallFailed as error:
            if error.kind != "absent":
                raise
            return ""
        return f"there is {', '.join(file.name for file in found)}"

    def entries(self) -> list[AuditEntry]:
        """Its entries as they are now, in the order in which they stand there.

        Raises:
            Unsupported, CallFailed: as `files`.
            Vacuous: it has none.
        """
        found = entries_of(self._table().log, self.files())
        if not found:
            raise Vacuous(NO_ENTRY)
        return found

    def faults(self, *kinds: Kind) -> list[Fault]:
        """What is wrong with it: entries out of order, numbers that are missing, digests that do not fit, no entries.

        Args:
            *kinds: only these; all without any.

        Raises:
            Unsupported: its table has nothing by which one of these kinds could be seen; or as `entries`.
            CallFailed, Vacuous: as `entries`.
        """
        table, files = self._table(), self.files()
        entries, unreadable = entries_of(table.log, files), unreadable_in(table.log, files)
        if not (entries or unreadable):
            raise Vacuous(NO_ENTRY)
        found = [one for one in audit_log.faults(table, entries, unreadable) if not kinds or one.kind in kinds]
        if not found and (keys := audit_log.without_a_key(table, kinds)):
            raise Unsupported(
                f"{NAME}: nothing would show such a fault ({', '.join(kinds)}) in the audit log of target "
                f"{self.target.name}; give {' or '.join(f'security.audit.{key}' for key in keys)}."
            )
        return found

    def gap(self) -> Gap:
        """The longest time without an entry, the one since the newest among them.

        Raises:
            Unsupported, CallFailed: as `entries`.
            Vacuous: no entry has a time.
        """
        return self._gap(self.entries())

    def _gap(self, entries: Sequence[AuditEntry]) -> Gap:
        found = audit_log.longest_gap(entries, self._now())
        if found is None:
            raise Vacuous(f"{NAME}: no entry of the audit log has a time, so gaps cannot be told.")
        return found

    def counts(self) -> Counts:
        """How many entries there are, against what else has counted them.

        Raises:
            Unsupported: nothing else counts them; or as `files`.
            Vacuous: nothing was to be counted, and nothing was.
            CallFailed: as `files`; or what counts them cannot be read.
        """
        expected = self._table().expected
        if expected is None:
            raise Unsupported(
                f"{NAME}: target {self.target.name} does not say what else counts the entries of its audit log; give "
                "security.audit.expected."
            )
        for _ in range(LOOKS):
            before = self._counted(expected)
            told = self._told(expected)
            after = self._counted(expected)
            if before <= told <= after:
                break
        if not told and not after:
            raise Vacuous(
                f"{NAME}: no {' or '.join(expected.types)} was counted anywhere, so the counts agree on nothing."
            )
        return Counts(min(max(told, before), after), told, expected.figure or f"{expected.event} in the logs")

    def writable(self, files: Sequence[AuditFile] | None = None) -> list[str]:
        """Closed files that could be written to, in sentences.

        Args:
            files: which ones; all of the log without any.

        Raises:
            Unsupported, CallFailed: as `files`.
        """
        return audit_log.writable(self.files() if files is None else files)

    def too_open(self) -> list[str]:
        """Files whose permissions allow more than they may, in sentences.

        Raises:
            Unsupported, CallFailed: as `files`.
        """
        return audit_log.too_open(self._table(), self.files())

    def retention(self) -> list[str]:
        """What of its retention is not as ``keep``, ``drop`` and ``span`` of its log ask, in sentences.

        Raises:
            Unsupported: the target asks for none of them; or as `files`.
            CallFailed, Vacuous: as `gap`.
        """
        source = self._table().log
        files, now = self.files(), self._now()
        entries = entries_of(self._table().log, files)
        if not (source.keep or source.drop or source.span):
            raise Unsupported(f"{NAME}: security.audit.log has neither keep, drop nor span, so any retention is right.")
        times = [one.at for one in entries if one.at is not None]
        if not times:
            raise Vacuous(f"{NAME}: no entry of the audit log has a time, so how far it reaches back cannot be told.")
        ages = [(file.name, now - file.changed_at) for file in files if file.changed_at is not None]
        lost = unkept("the audit log", source, now - min(times), self._installed_s(), ages, len(files) - 1)
        return [*lost, *unrotated(source, [(file.name, _span_s(entries, file)) for file in files])]

    def reach_s(self) -> float:
        """How far it reaches back.

        Raises:
            Unsupported, CallFailed, Vacuous: as `gap`.
        """
        times = [one.at for one in self.entries() if one.at is not None]
        if not times:
            raise Vacuous(f"{NAME}: no entry of the audit log has a time, so how far it reaches back cannot be told.")
        return max(0.0, self._now() - min(times))

    def by_type(self, since_s: float | None = None) -> dict[str, int]:
        """How many entries there are of each type, the most frequent first.

        Args:
            since_s: only those of so many last seconds.

        Raises:
            Unsupported, CallFailed, Vacuous: as `entries`.
        """
        begins = 0.0 if since_s is None else self._now() - since_s
        return dict(Counter(one.type for one in self.entries() if (one.at or 0.0) >= begins).most_common())

    def newly(self, act: Callable[[], object]) -> list[AuditEntry]:
        """The entries that came with an act.

        Raises:
            Unsupported, CallFailed: as `files`.
        """
        table = self._table()
        before = {(one.file.name, one.line) for one in entries_of(table.log, self.files())}
        act()
        return [one for one in entries_of(table.log, self.files()) if (one.file.name, one.line) not in before]

    def tampered(self) -> list[Tampering]:
        """Ways in which a copy of it was changed, and what was seen of that; the log itself is only read.

        Raises:
            Unsupported, CallFailed: as `files`.
        """
        files = self.files()
        if not entries_of(self._table().log, files):
            raise Vacuous(f"{NAME}: the audit log has no entry, so there is nothing to tamper with.")
        return audit_tampering.tried(self._table(), files, self._now())

    def document(self) -> str:
        """A page of Markdown: its files, entries by type, the longest gap, and what is wrong, without secrets.

        Raises:
            Unsupported, CallFailed, Vacuous: as `gap`.
        """
        files = self.files()
        entries = entries_of(self._table().log, files)
        gap = self._gap(entries)
        text = [
            "# Audit log",
            "",
            f"{len(entries)} entries in {len(files)} files; longest without one: {gap.says}.",
            "",
        ]
        text += ["| file | entries | mode | last written | closed |", "|---|---:|---|---|---|"]
        text += [_row(file) for file in files]
        text += ["", "| type | entries |", "|---|---:|"]
        text += [f"| {name} | {count} |" for name, count in Counter(one.type for one in entries).most_common()]
        if found := audit_log.faults(self._table(), entries, unreadable_in(self._table().log, files)):
            text += ["", "What is wrong:", "", *(f"- {one.kind}: {one.says}" for one in found)]
        return without_secrets(self._redactor.clean("\n".join([*text, ""])))

    def _table(self) -> AuditTrail:
        security = self.target.table.security
        if security.audit is not None:
            return security.audit
        unless_lacking(self.target, NAME, "audit_log", lambda: "")
        raise Unsupported(
            f"{NAME}: target {self.target.name} does not say where its audit log is; give security.audit."
        )

    def _counted(self, expected: Expected) -> int:
        return audit_log.counted(entries_of(self._table().log, self.files()), expected, self._now())

    def _told(self, expected: Expected) -> int:
        if expected.figure is not None:
            return round(self._figures().counted(expected.figure))
        return len(self._logs().event(expected.event or "", since_s=expected.within).judged())

    def _installed_s(self) -> float | None:
        """Age of the installation, where a file shows it."""
        logs = self.target.table.components.logs
        if logs is None or logs.installation is None:
            return None
        found = below.found("logs", self.target.root / logs.root, [logs.installation])
        return self._now() - min(path.stat().st_mtime for path in found) if found else None


def _span_s(entries: Sequence[AuditEntry], file: AuditFile) -> float:
    times = [one.at for one in entries if one.file.name == file.name and one.at is not None]
    return max(times) - min(times) if times else 0.0


def _row(file: AuditFile) -> str:
    mode = "?" if file.mode is None else f"{file.mode:03o}"
    closed = "yes" if file.closed else "no"
    return f"| `{file.name}` | {len(file.lines)} | {mode} | {moment(file.changed_at)} | {closed} |"
