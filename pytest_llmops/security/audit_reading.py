"""Reads an audit log: its files where they lie here, with their permissions, or what a command prints of them."""

from __future__ import annotations

import array
import os
import stat
from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.app_command import AppCommands
from pytest_llmops.clients.log_files import Lines, LogFile, of
from pytest_llmops.clients.log_lines import LineReader
from pytest_llmops.clients.log_words import clock
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security.audit_entries import NAME, AuditFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.audit_trails import AuditTrail
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.log_sources import Source

MAX_BYTES = 64_000_000
"""Of an audit log at most so much is read, its newest part."""

_GET_FLAGS = 0x80086601
_IMMUTABLE = 0x10
"""FS_IOC_GETFLAGS and FS_IMMUTABLE_FL of Linux."""


def read(target: Target, table: AuditTrail, ledger: Ledger) -> list[AuditFile]:
    """The files of the audit log, oldest first.

    Raises:
        CallFailed: ``absent``: there is none; ``refused``: one cannot be read; else what the command came to.
        Unsupported: it is what a component's driver hands out, whose files nobody sees.
    """
    if table.log.files:
        return on_disk(target.root / table.root, table.log)
    if table.log.command is None:
        raise Unsupported(
            f"{NAME}: the audit log is handed out by {table.log.component}, so its files cannot be seen; name files "
            "or a command in security.audit.log."
        )
    lines = AppCommands(target, "app_command", ledger).lines(table.log.command)
    found = printed(table.log, lines)
    if not found:
        raise CallFailed(NAME, "absent", f"{NAME}: {table.log.command} printed no entry of the audit log.")
    return found


def on_disk(root: Path, source: Source) -> list[AuditFile]:
    """The files that the log's globs match below a folder, oldest first.

    Raises:
        CallFailed: ``absent``: there is none; ``refused``: one cannot be read, or a link leads out of the folder.
    """
    files = of(below.found(NAME, root, source.files), root)
    if not files:
        raise CallFailed(
            NAME, "absent", f"{NAME}: no file of the audit log is there: {', '.join(source.files)} below {root}."
        )
    return [_of_file(file, closed=file.rotated or source.format == "document") for file in files]


def _of_file(file: LogFile, *, closed: bool) -> AuditFile:
    lines = Lines([file], MAX_BYTES)
    try:
        text = tuple(lines)
        mode = stat.S_IMODE(file.path.stat().st_mode)
    except OSError as error:
        raise CallFailed(NAME, "refused", f"{NAME}: {file.name} cannot be read: {error.strerror}.") from error
    if lines.cut:
        raise CallFailed(NAME, "bad-answer", f"{NAME}: not all of it was read: {'; '.join(lines.cut)}.")
    return AuditFile(file.name, text, closed, mode, file.changed_at, _immutable(file.path))


def _immutable(path: Path) -> bool | None:
    """Whether the file system refuses every change of a file; None where it does not say."""
    try:
        import fcntl

        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (ImportError, OSError):
        return None
    flags = array.array("l", [0])
    try:
        fcntl.ioctl(opened, _GET_FLAGS, flags)
    except OSError:
        return None
    finally:
        os.close(opened)
    return bool(flags[0] & _IMMUTABLE)


def printed(source: Source, lines: list[str]) -> list[AuditFile]:
    """The files that a command tells of, a line of each entry, oldest first; a file is known by its field ``file``.

    A line that is no entry stands in one that has the command's name.

    Raises:
        CallFailed: none of the lines is an entry, or a mode is none (kind ``bad-answer``).
    """
    reader = LineReader(source, NAME)
    told: dict[str, list[tuple[str, dict[str, object] | None]]] = {}
    read = 0
    for line in filter(str.strip, lines):
        found: list[dict[str, object] | None] = [dict(entry.fields) for entry in reader.entries([line])]
        read += bool(found)
        for fields in found or [None]:
            name = str((fields or {}).get("file") or source.command)
            told.setdefault(name, []).append((line, fields))
    if told and not read:
        raise CallFailed(
            NAME,
            "bad-answer",
            f"{NAME}: none of the {reader.unreadable} lines that {source.command} printed is an entry.",
        )
    written = clock(source.timezone, None)
    return [_told(name, entries, written) for name, entries in told.items()]


def _told(
    name: str, entries: list[tuple[str, dict[str, object] | None]], written: Callable[[object], float | None]
) -> AuditFile:
    """A file as its newest entry tells of it; of what holds none nothing is known."""
    known = [fields for _, fields in entries if fields is not None]
    fields = known[-1] if known else {}
    changed_at, mode, immutable = (fields.get(key) for key in ("changed_at", "mode", "immutable"))
    return AuditFile(
        name,
        tuple(line for line, _ in entries),
        closed=True,
        mode=_octal(name, str(mode)) if mode is not None else None,
        changed_at=written(changed_at),
        immutable=immutable if isinstance(immutable, bool) else None,
    )


def _octal(name: str, mode: str) -> int:
    try:
        return int(mode, 8)
    except ValueError:
        raise CallFailed(
            NAME,
            "bad-answer",
            f"{NAME}: the mode of {name} is {mode!r}; let the command print it in octal, as stat -c %a does.",
        ) from None
