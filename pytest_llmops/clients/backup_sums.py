"""Checksums that were recorded of backups, as sha256sum prints them, and how what is found differs from them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.clients.backup_places import Stored

_SUM = re.compile(r"[0-9a-fA-F]{64}")


def summed(component: str, lines: Iterable[str], where: str) -> dict[str, str]:
    """Sums by name.

    Args:
        component: in whose name is complained.
        lines: a file each: its SHA-256 and its name; empty ones are left out.
        where: they stand, in words.

    Raises:
        CallFailed: ``bad-answer``: a line is not so; says which.
    """
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        checksum, *name = line.split(maxsplit=1)
        if not name or not _SUM.fullmatch(checksum):
            raise CallFailed(
                component,
                "bad-answer",
                f"{component}: line {number} of {where} is no SHA-256 and a name, as sha256sum prints them: "
                f"{excerpt(line.strip())!r}.",
            )
        found[PurePosixPath(name[0].lstrip("*")).as_posix()] = checksum.lower()
    return found


def sum_of(component: str, one: Stored, lines: Sequence[str], where: str) -> str:
    """The sum of one backup: of the line that has its name, or of the only line, which may be the sum alone.

    Args:
        component: in whose name is complained.
        one: the backup.
        lines: as of `summed`.
        where: they stand, in words.

    Raises:
        CallFailed: as `summed`; ``absent``: several lines, and none has its name.
    """
    words = " ".join(lines).split()
    if len(words) == 1 and _SUM.fullmatch(words[0]):
        return words[0].lower()
    sums = summed(component, lines, where)
    named = {PurePosixPath(name).name: checksum for name, checksum in sums.items()}
    if len(sums) == 1:
        return next(iter(sums.values()))
    if one.last not in named:
        raise CallFailed(component, "absent", f"{component}: {one.name} has no checksum: no line of {where} names it.")
    return sums.get(one.last, named[one.last])


def differing(one: Stored, found: Mapping[str, str], sums: Mapping[str, str], said: str) -> list[str]:
    """How the sums of a backup's files differ from others, in sentences: ``said`` is what they should be, in words."""
    return [
        *(f"{one.last}: {name} is not in it" for name in sums if name not in found),
        *(f"{one.last}: {name} is not {said}" for name in sums if found.get(name, sums[name]) != sums[name]),
        *(f"{one.last}: {name} is in it, and nothing says that it should be" for name in found if name not in sums),
    ]
