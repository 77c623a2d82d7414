"""Security events in a system's logs: counted by class, listed without secrets, and held against its rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pytest_llmops.clients.log_entries import merged
from pytest_llmops.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.log_entries import Entries
    from pytest_llmops.clients.log_entry import Entry
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.target.load import Target

Rule = Literal["retention", "private", "access"]


class SecurityLog:
    """The security events that the target's logs tell of, by its table ``security.events``.

    Args:
        target: the deployment.
        logs: gives the client of its logs.
        files: gives that of its files.
    """

    def __init__(self, target: Target, logs: Callable[[], Logs], files: Callable[[], Files]) -> None:
        self.target = target
        self._table = target.table.security
        self._logs = logs
        self._files = files

    def __repr__(self) -> str:
        return f"SecurityLog({', '.join(self._table.events) or 'none'})"

    def events(self, since_s: float | None = None, *, errors: str = "") -> dict[str, Entries]:
        """The events of each class, oldest first.

        Args:
            since_s: only those of so many last seconds; each log must have an entry of that time.
            errors: a log whose errors are a class, too.

        Raises:
            Unsupported: the target names no class.
            Vacuous: a log has no entry at all of that time.
            CallFailed: a log cannot be read.
        """
        if not self._table.events:
            raise Unsupported(f"logs: target {self.target.name} names no security events; give security.events.")
        found = {
            name: self._logs().event(event, since_s=since_s).judged() for name, event in self._table.events.items()
        }
        if errors:
            found["errors"] = self._logs().entries(errors, since_s=since_s, level="error").judged()
        return found

    def document(self, title: str, found: Mapping[str, Entries], *, lines: int = 100) -> str:
        """A page of Markdown, without secrets: how many there are of each class, and the newest of all.

        Args:
            title: its heading.
            found: the events by class.
            lines: so many of the newest.
        """
        table = ["| class | entries |", "|---|---:|", *(f"| {name} | {len(those)} |" for name, those in found.items())]
        report = merged(list(_apart(found.values()))).report(title, groups=20, lines=lines)
        head, _, rest = report.partition("\n\n")
        return "\n".join([head, "", *table, "", rest])

    def seen(self, found: Mapping[str, Entries]) -> str:
        """That there are events, in words, as ``its log has 2 failed_logins, last …``; empty where there is none.

        Args:
            found: the events by class.
        """
        there = [f"{len(those)} {name}, last {those.top(1)[0].last}" for name, those in found.items() if those]
        return f"its log has {'; '.join(there)}" if there else ""

    def outside(self, ran: Entries, command: str) -> Entries:
        """The entries whose command is none that may be run, by ``security.allowed_commands``.

        Args:
            ran: what was run.
            command: the field that has the command.

        Raises:
            Unsupported: the target does not say what may be run, or the log does not say what was.
        """
        allowed = self._table.allowed_commands
        if allowed is None:
            raise Unsupported(
                f"logs: target {self.target.name} does not say which commands may be run; give "
                "security.allowed_commands."
            )
        wrong = [one for one in ran if command in one.fields and not re.search(allowed, str(one.fields[command]))]
        return ran.like(wrong, ran.reading)

    def deviations(self, rule: Rule) -> list[str]:
        """What is not as one kind of the rules asks, in sentences.

        Args:
            rule: ``retention``, ``private`` or ``access``, of ``security.rules``.

        Raises:
            Unsupported: the target has no such rule.
            CallFailed, Vacuous: as what it looks at.
        """
        rules = self._table.rules
        names: list[str] = getattr(rules, rule)
        if not names:
            raise Unsupported(f"target {self.target.name} has no rule of {rule}; give security.rules.{rule}.")
        look = {"retention": self._kept, "private": self._personal, "access": self._open}[rule]
        return [said for name in names for said in look(name)]

    def _kept(self, name: str) -> list[str]:
        return [f"{name}: {said}" for said in self._logs().retention(name).wrong]

    def _personal(self, name: str) -> list[str]:
        found = self._logs().entries(name).judged().having(private=True)
        return [f"{name}: {len(found)} entries hold what a person wrote or is"] if found else []

    def _open(self, name: str) -> list[str]:
        return [f"{name}: {said}" for said in self._files().found(name).wrong]


def _apart(classes: Iterable[Entries]) -> Iterator[Entries]:
    """The classes, each without what an earlier one has: a failed login is of two, and listed once."""
    told: set[tuple[object, ...]] = set()
    for those in classes:
        yield those.like([one for one in those if _told_by(one) not in told], those.reading)
        told |= set(map(_told_by, those))


def _told_by(entry: Entry) -> tuple[object, ...]:
    return entry.source, entry.at, entry.level, entry.message
