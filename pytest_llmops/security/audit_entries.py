"""An audit log as it was read: its files, its entries, each with what stands in it."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.log_files import LogFile
from pytest_llmops.clients.log_lines import LineReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmops.target.log_sources import Source

NAME = "audit"


@dataclass(frozen=True, slots=True)
class AuditFile:
    """A file of an audit log.

    Attributes:
        name: relative to the root, or as the command that lists it says.
        lines: what stands in it; of a file that is one document all of it.
        closed: whether nothing more is written to it: it was rotated away, or holds the one event that it is for.
        mode: its permissions, e.g. 0o440; None where they are not known.
        changed_at: when it was last written, in epoch seconds; None where that is not known.
        immutable: whether the file system refuses every change, root's too; None where that cannot be seen.
    """

    name: str
    lines: tuple[str, ...] = field(repr=False)
    closed: bool = False
    mode: int | None = None
    changed_at: float | None = None
    immutable: bool | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of an audit log.

    Attributes:
        type: of event.
        at: epoch seconds; None where it has no time.
        file: that it stands in.
        line: its number there, from 1 on.
        fields: what else the log's table reads of it.
        document: all of it, where it is JSON.
    """

    type: str
    at: float | None
    file: AuditFile
    line: int = 1
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    document: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Where it stands, for sentences."""
        return f"{self.file.name}:{self.line}" if len(self.file.lines) > 1 else self.file.name


def entries_of(source: Source, files: Iterable[AuditFile]) -> list[AuditEntry]:
    """The entries of files, in the order in which they stand there; what is none of them is left out."""
    return [entry for file in files for entry in _in_file(source, file)]


def unreadable_in(source: Source, files: Iterable[AuditFile]) -> list[str]:
    """Where lines stand that are no entry and no part of one, without what stands in them.

    The last line of a file that is open is left out: it may be one that is being written.
    """
    return [place for file in files for place in _unreadable(source, file)]


def _unreadable(source: Source, file: AuditFile) -> Iterator[str]:
    if source.format == "document":
        if any(file.lines) and not any(_in_file(source, file)):
            yield file.name
        return
    alone = source.format == "json" and source.line is None
    reader = LineReader(source, NAME)
    found: list[int] = []

    def watched() -> Iterator[str]:
        for number, line in enumerate(file.lines, 1):
            before = reader.unreadable
            yield line
            if reader.unreadable > before:
                found.append(number)

    if alone:
        found = [at for at, line in enumerate(file.lines, 1) if line.strip() and not any(reader.entries([line]))]
    else:
        deque(reader.entries(watched()), maxlen=0)
    yield from (f"{file.name}:{number}" for number in found if file.closed or number < len(file.lines))


def _in_file(source: Source, file: AuditFile) -> Iterator[AuditEntry]:
    reader = LineReader(source, NAME)
    if source.format == "document":
        text = "\n".join(file.lines)
        found = reader.document(text, LogFile(Path(file.name), file.name, len(text), file.changed_at or 0.0, 0))
        if found is not None:
            yield AuditEntry(found.message, found.at, file, 1, found.fields, _json(text))
        return
    for number, line in enumerate(file.lines, 1):
        for found in reader.entries([line]):
            yield AuditEntry(found.message, found.at, file, number, found.fields, _json(line))


def _json(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def newest(entries: Sequence[AuditEntry]) -> AuditEntry | None:
    """The entry with the newest time; None where none has one."""
    return max((one for one in entries if one.at is not None), key=lambda one: one.at or 0.0, default=None)
