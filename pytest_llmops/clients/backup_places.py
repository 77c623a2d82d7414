"""Where backups lie: below a folder, in the state folder; each with its name, its moment and its size."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from pytest_llmops.clients import below
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.target.backups import Backups as Table

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stored:
    """A backup.

    Attributes:
        name: where it is, as people are told: a path below root, a file's name, or a key.
        at: when it was made, in epoch seconds.
        bytes: its size, as it lies there.
    """

    name: str
    at: float
    bytes: int

    @property
    def last(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.name).name


class Place(Protocol):
    """Where the backups of a table lie."""

    @property
    def where(self) -> str:
        """In words."""
        ...

    def all(self) -> list[Stored]:
        """Those that are there, oldest first."""
        ...

    def at_hand(self, one: Stored) -> AbstractContextManager[Path]:
        """A context in which it lies on this machine: an archive or a folder."""
        ...

    def beside(self, one: Stored, name: str) -> str | None:
        """What stands in a file that lies beside it; None: there is none."""
        ...


class BelowRoot:
    """Backups that lie in files or folders below a folder.

    Args:
        component: in whose name is complained.
        root: the folder.
        table: what they are.
        globs: below it.
    """

    def __init__(self, component: str, root: Path, table: Table, globs: list[str]) -> None:
        self.where = f"{', '.join(globs)} below {root}"
        self._component = component
        self._root = root
        self._table = table
        self._globs = globs

    def all(self) -> list[Stored]:
        """Those that are there, oldest first.

        Raises:
            CallFailed: as `below.found`; ``bad-answer``: a name does not tell a time.
        """
        found = []
        for path in below.found(self._component, self._root, self._globs, folders=self._table.folders):
            if is_checksum(path.name, self._table):
                continue
            files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
            written = max((one.stat().st_mtime for one in files), default=path.stat().st_mtime)
            name = path.relative_to(self._root).as_posix()
            at = moment(self._component, name, written, self._table)
            found.append(Stored(name, at, sum(one.stat().st_size for one in files)))
        return sorted(found, key=lambda one: (one.at, one.name))

    @contextmanager
    def at_hand(self, one: Stored) -> Iterator[Path]:
        """Where it lies."""
        yield self._root / one.name

    def beside(self, one: Stored, name: str) -> str | None:
        """What stands in a file that lies beside it; None: there is none."""
        path = (self._root / one.name).with_name(name)
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def is_checksum(name: str, table: Table) -> bool:
    """Whether a file is none of the backups, but tells the checksum of one."""
    return bool(table.checksums) and not table.folders and fnmatch(name, table.checksums.replace("{name}", "*"))


def moment(component: str, name: str, written: float, table: Table) -> float:
    """When a backup was made, in epoch seconds.

    What its name says; where that is no more than a day, it is of when it was written, within that day.

    Args:
        component: in whose name is complained.
        name: of the backup.
        written: when it was written, in epoch seconds.
        table: says how the name is read.

    Raises:
        CallFailed: ``bad-answer``: the name does not tell a time so.
    """
    if not table.dated:
        return written
    try:
        told = dt.datetime.strptime(PurePosixPath(name).name, table.dated)  # noqa: DTZ007 (its zone is the table's)
    except ValueError:
        raise CallFailed(
            component,
            "bad-answer",
            f"{component}: {name} does not tell when it was made as {table.dated!r} does; move it, or mend dated.",
        ) from None
    at = told.astimezone() if table.timezone == "local" else told.replace(tzinfo=ZoneInfo(table.timezone))
    if "%H" in table.dated or "%I" in table.dated:
        return at.timestamp()
    return min(max(written, at.timestamp()), (at + DAY).timestamp() - 1)
