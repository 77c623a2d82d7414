"""Reads a log, wherever its lines come from; what has not changed since is not read again."""

from __future__ import annotations

import shlex
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.in_folder import InFolder
from pytest_llmops.clients.log_entries import Entries
from pytest_llmops.clients.log_entry import Entry, Reading
from pytest_llmops.clients.log_files import Lines, LogFile, begin, from_the_first, of
from pytest_llmops.clients.log_lines import LineReader
from pytest_llmops.clients.log_words import rank, without_secrets
from pytest_llmops.errors import CallFailed, ControlError, Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.log_sources import Source
    from pytest_llmops.target.surroundings import Logs as Table


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a log.

    Attributes:
        entries: oldest first.
        read: how many there were; the newest are kept.
        unreadable: lines that are none.
        cut: sentences of what was not read.
    """

    entries: list[Entry]
    read: int
    unreadable: int
    cut: tuple[str, ...] = ()


class LogReading(InFolder):
    """Reads the logs of a target.

    Args:
        target: the deployment.
        component: its name there.
        ledger: where readings are counted.
    """

    part: Table

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        super().__init__(target, component, ledger)
        self._redactor = target.redactor()
        self._known: dict[str, tuple[object, Read]] = {}

    def forget(self) -> None:
        """Read everything anew."""
        self._known.clear()

    def source(self, name: str) -> Source:
        """The table of a log.

        Raises:
            Unsupported: the target has no such log.
        """
        return self.named("log", name, self.part.sources)

    def files(self, name: str) -> list[LogFile]:
        """The files of a log, oldest first.

        Raises:
            Unsupported: it is none of files.
            CallFailed: ``absent``: there is none.
        """
        table = self.source(name)
        if not table.files:
            raise Unsupported(
                f"{self.component}: {name} is handed out by {table.command or table.component}, not files."
            )
        files = of(below.found(self.component, self.root, table.files), self.root)
        if not files:
            raise CallFailed(
                self.component,
                "absent",
                f"{self.component}: no file of {name} is there: {', '.join(table.files)} below {self.root}.",
            )
        return files

    def read(self, name: str, since_s: float | None = None) -> Entries:
        """The entries of a log.

        Args:
            name: which one.
            since_s: only those of so many last seconds.

        Raises:
            Unsupported: there is no such log, or it has no times.
            CallFailed: it cannot be read, or none of its lines is as its table says.
        """
        table = self.source(name)
        since = None if since_s is None else time.time() - since_s
        self.ledger.admit(self.component, self.part.rate_limit)
        older = undropped = False
        if table.files:
            files = self.files(name)
            undropped = table.backups is not None and sum(file.rotated for file in files) < table.backups
            recent = [file for file in files if since is None or file.changed_at >= since] or files[-1:]
            found, whole = self._of_files(name, recent, since)
            older = len(recent) < len(files) or not whole
        else:
            found = self._of_lines(name, self.handed_out(name))
        self.ledger.answer(self.component)
        if found.unreadable and not found.read:
            raise CallFailed(
                self.component,
                "bad-answer",
                f"{self.component}: none of the {found.unreadable} lines of {name} is as its table says; "
                f"see components.{self.component}.sources.{name}.",
            )
        bounded = since_s is not None and table.of_last is not None and since_s >= table.of_last
        return self._entries(name, found, since, older=older, undated_too=bounded, undropped=undropped)

    def parsed(self, name: str, lines: Iterable[str]) -> Entries:
        """The entries that these lines of a log are."""
        return self._entries(name, self._of_lines(name, lines), None)

    def oldest_at(self, name: str) -> float | None:
        """The first time that stands in a log, whichever of its files has it; None where none has."""
        table = self.source(name)
        if not table.files or table.format == "document":
            return self.read(name).reading.oldest_at
        firsts = (self.first_at(name, file) for file in self.files(name))
        return min((first for first in firsts if first is not None), default=None)

    def reach_s(self, name: str) -> float:
        """How far a log reaches back.

        Raises:
            Vacuous: it holds no time.
        """
        oldest = self.oldest_at(name)
        if oldest is None:
            raise Vacuous(f"{self.component}: {name} holds no time, so how far it reaches back cannot be told.")
        return max(0.0, time.time() - oldest)

    def first_at(self, name: str, file: LogFile) -> float | None:
        """The first time that stands in a file of a log; None where it has none."""
        table = self.source(name)
        entries = LineReader(table, name).entries(from_the_first(file, self.part.max_bytes))
        return next((entry.at for entry in entries if entry.at is not None), None)

    def raw(self, name: str, most: int) -> list[str]:
        """The newest lines of a log as they stand there, not parsed and with all that they hold.

        Raises:
            Unsupported: there is no such log.
            CallFailed: it cannot be read.
        """
        self.ledger.admit(self.component, self.part.rate_limit)
        files = self.source(name).files
        lines = Lines(self.files(name), self.part.max_bytes) if files else self.handed_out(name)
        kept = deque(lines, maxlen=most)
        self.ledger.answer(self.component)
        return list(kept)

    def handed_out(self, name: str) -> list[str]:
        """The lines that a command prints, on either stream, or that a component's driver hands out."""
        table = self.source(name)
        if table.command:
            from pytest_llmops.clients.app_command import AppCommands

            ran = AppCommands(self.target, "app_command", self.ledger).run(table.command)
            return [line.rstrip("\r") for text in (ran.output, ran.errors) for line in text.split("\n") if line]
        from pytest_llmops.control.drivers import hands_on

        try:
            with closing(hands_on(self.target, table.component or "")) as hands:
                return hands.logs(table.lines)
        except ControlError as error:
            raise CallFailed(self.component, error.kind, f"{self.component}: {name}: {error}") from None

    def _of_files(self, name: str, files: list[LogFile], since: float | None) -> tuple[Read, bool]:
        """What stands in these files, and whether that is all: of a large one what is older is not looked at."""
        last_exchange.set(f"zcat -f {' '.join(shlex.quote(str(file.path)) for file in files[-5:])}")
        signature = tuple(file.signature for file in files)
        known = self._known.get(name)
        if known is not None and known[0] == (signature, {}):
            return known[1], True
        begins = {} if since is None else self._begins(name, files, since)
        if known is None or known[0] != (signature, begins):
            known = self._known[name] = (signature, begins), self._parsed(name, files, begins)
        return known[1], not begins

    def _begins(self, name: str, files: list[LogFile], since: float) -> dict[str, int]:
        table = self.source(name)
        if table.format == "document":
            return {}
        reader = LineReader(table, name)
        found = {file.name: begin(file, since, reader.time_in) for file in files}
        return {file: byte for file, byte in found.items() if byte}

    def _parsed(self, name: str, files: list[LogFile], begins: Mapping[str, int]) -> Read:
        table = self.source(name)
        if table.format != "document":
            lines = Lines(files, self.part.max_bytes, begins)
            found = self._of_lines(name, lines, headless=lines.headless)
            return Read(found.entries, found.read, found.unreadable, (*lines.cut, *found.cut))
        reader = LineReader(table, name)
        texts = ((file, "\n".join(Lines([file], self.part.max_bytes))) for file in files[-self.part.max_lines :])
        documents = [reader.document(text, file) for file, text in texts]
        entries = sorted((one for one in documents if one is not None), key=lambda entry: entry.at or 0.0)
        return Read(entries, reader.read, reader.unreadable)

    def _of_lines(self, name: str, lines: Iterable[str], *, headless: bool = False) -> Read:
        reader = LineReader(self.source(name), name)
        kept: deque[Entry] = deque(reader.entries(lines, headless=headless), maxlen=self.part.max_lines)
        cut = (f"of {reader.read} entries the newest {len(kept)} are kept",) if reader.read > len(kept) else ()
        entries = list(kept)
        if len(self.source(name).files) > 1:  # several logs in one
            entries.sort(key=lambda entry: entry.at or 0.0)
        return Read(entries, reader.read, reader.unreadable, cut)

    def _entries(
        self,
        name: str,
        found: Read,
        since: float | None,
        *,
        older: bool = False,
        undated_too: bool = False,
        undropped: bool = False,
    ) -> Entries:
        table = self.source(name)
        times = [entry.at for entry in found.entries if entry.at is not None]
        if since is not None and found.entries and not times and not undated_too:
            raise Unsupported(f"{self.component}: {name} has no times, so what is of late in it cannot be told.")
        period = [
            entry
            for entry in found.entries
            if since is None or (undated_too if entry.at is None else entry.at >= since)
        ]
        reading = Reading(
            name,
            since,
            total=len(period),
            unreadable=found.unreadable,
            undated=len(found.entries) - len(times),
            cut=found.cut,
            oldest_at=min([*times, *([since] if older and since is not None else [])], default=None),
            newest_at=max(times, default=None),
            quiet=table.quiet,
            undropped=undropped,
            fields=table.fields,
        )
        least = rank(table.at_least) if table.at_least else -1
        wanted = [entry for entry in period if table.only is None or entry.fields.get(table.only) is True]
        return Entries([entry for entry in wanted if rank(entry.level) >= least], reading, self.clean)

    def clean(self, text: str) -> str:
        """A text without secrets."""
        return without_secrets(self._redactor.clean(text))
