"""Whether tampering with an audit log would be seen: tried on a copy in a folder of our own, never on the log."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmops.security.audit_entries import AuditEntry, AuditFile, entries_of, unreadable_in
from pytest_llmops.security.audit_log import counted, faults
from pytest_llmops.state.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from pytest_llmops.target.audit_trails import AuditTrail

Parts = dict[str, list[str]]
"""Name of a file to its entries, each as it stands there."""


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way in which a copy was changed.

    Attributes:
        way: ``altered``: a word of an entry is another; ``removed``: an entry is gone; ``swapped``: two entries have
            each other's place, or where each has a file of its own, each other's contents.
        where: the place of the entry.
        seen: what the checks said of the copy that they had not said of the log; empty: nothing.
    """

    way: str
    where: str
    seen: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.way} ({self.where})"


def tried(table: AuditTrail, files: Sequence[AuditFile], now: float) -> list[Tampering]:
    """Change a copy in each way, and look at it as the log itself is looked at.

    Who changes a file puts its time back; the copy has the times of the log for that reason. The entry is one in the
    middle of those that are counted elsewhere, or of all.

    Args:
        table: what must be so of the log.
        files: the log, as it was read.
        now: seconds since the epoch.

    Raises:
        OSError: the copy cannot be written.
        ValueError: a copy that nobody changed is not judged as the log is.
    """
    entries = entries_of(table.log, files)
    before = _verdict(table, files, now)
    if _on_copy(table, files, now, lambda _: None) != before:
        raise ValueError("a copy of the audit log that nobody changed is not judged as the log is")
    counts = [one for one in entries if table.expected and one.type in table.expected.types and _late(one, table, now)]
    among = counts if len(counts) > 1 else entries
    one, other = among[len(among) // 2], among[len(among) // 2 - 1]
    ways: dict[str, Callable[[Parts], object]] = {
        "altered": lambda parts: _alter(parts, one, table),
        "removed": lambda parts: parts[one.file.name].pop(one.line - 1),
    }
    if one is not other:
        ways["swapped"] = lambda parts: _swap(parts, one, other)
    return [Tampering(way, one.place, _seen(_on_copy(table, files, now, act), before)) for way, act in ways.items()]


def _late(entry: AuditEntry, table: AuditTrail, now: float) -> bool:
    expected = table.expected
    return expected is None or expected.event is None or (entry.at or 0.0) >= now - expected.within


def _verdict(table: AuditTrail, files: Sequence[AuditFile], now: float) -> tuple[str, ...]:
    """All that the checks say: what is wrong, what cannot be read, and how many entries are counted elsewhere, too.

    Of lines that cannot be read the number alone: they move where a line before them is taken out.
    """
    entries = entries_of(table.log, files)
    count = [f"{counted(entries, table.expected, now)} entries are counted"] if table.expected else []
    unreadable = f"{len(unreadable_in(table.log, files))} lines cannot be read"
    return (*(f"{one.kind}: {one.says}" for one in faults(table, entries)), unreadable, *count)


def _seen(after: tuple[str, ...], before: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in after if one not in before)


def _on_copy(
    table: AuditTrail, files: Sequence[AuditFile], now: float, act: Callable[[Parts], object]
) -> tuple[str, ...]:
    """Write the files into a folder of our own, change them there, and judge what then stands there."""
    with scratch_folder() as folder:
        paths = {file.name: folder / f"{number}" for number, file in enumerate(files)}
        for file in files:
            _put(paths[file.name], file.lines, file.changed_at)
        whole = table.log.format == "document"
        parts = {name: ["\n".join(_get(path))] if whole else [*_get(path)] for name, path in paths.items()}
        act(parts)
        for file in files:
            _put(paths[file.name], parts[file.name], file.changed_at)
        copied = [replace(file, lines=_get(paths[file.name])) for file in files if parts[file.name]]
    return _verdict(table, copied, now)


def _put(path: Path, lines: Sequence[str], at: float | None) -> None:
    path.write_text("\n".join(lines), encoding="utf-8")
    if at is not None:
        os.utime(path, (at, at))


def _get(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").split("\n"))


def _alter(parts: Parts, entry: AuditEntry, table: AuditTrail) -> None:
    """Another word in the place of one; neither its number, nor its time, nor what chains it."""
    chain = {table.chain.digest, table.chain.previous} if table.chain else set()
    word = _a_word(entry.document or {}, chain, entry.type)
    quoted, instead = (json.dumps(word), json.dumps(f"{word}x")) if word else (entry.type, f"{entry.type}x")
    own = parts[entry.file.name]
    own[entry.line - 1] = own[entry.line - 1].replace(quoted, instead, 1)


def _swap(parts: Parts, one: AuditEntry, other: AuditEntry) -> None:
    first, second = parts[one.file.name], parts[other.file.name]
    first[one.line - 1], second[other.line - 1] = second[other.line - 1], first[one.line - 1]


def _a_word(document: Mapping[str, Any], keys: set[str], type_: str) -> str | None:
    """A text of a document that is plain words: no type, no time, no number, and not under one of these keys."""
    for key, value in document.items():
        if isinstance(value, dict):
            found = _a_word(value, keys, type_)
        else:
            plain = isinstance(value, str) and value.replace("_", "").isalpha() and value != type_
            found = value if plain and key not in keys else None
        if found:
            return found
    return None
