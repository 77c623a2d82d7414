"""What is so of a set of files: there, how old, how large, readable, whose."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import time
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.clients.writers import Writer
    from pytest_llmops.target.file_sets import FileSet

MEGABYTE = 1e6
WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file, or a folder.

    Attributes:
        path: where it is.
        name: relative to the root.
        bytes: its size.
        changed_at: when it was last written, in epoch seconds.
        mode: its permissions, e.g. 0o644.
        owner: the number of the user whose it is.
    """

    path: Path
    name: str
    bytes: int
    changed_at: float
    mode: int
    owner: int = -1

    @classmethod
    def of(cls, path: Path, root: Path) -> FileFact:
        """As it is now.

        Raises:
            OSError: it is not there any more.
        """
        state = path.stat()
        name, mode = path.relative_to(root).as_posix(), state.st_mode & 0o777
        return cls(path, name, state.st_size, state.st_mtime, mode, state.st_uid)

    @property
    def age_s(self) -> float:
        """Time since it was last written."""
        return max(0.0, time.time() - self.changed_at)

    def sha256(self) -> str:
        """Its checksum.

        Raises:
            OSError: it cannot be read.
        """
        with self.path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()

    def holds(self, pattern: str) -> bool:
        """Whether a regular expression is found in one of its lines; in those of a ``.gz`` as they were.

        Raises:
            OSError: it cannot be read.
        """
        opener = gzip.open if self.path.suffix == ".gz" else open
        with opener(self.path, "rt", encoding="utf-8", errors="replace") as lines:
            return any(re.search(pattern, line) for line in lines)


@dataclass(frozen=True)
class Found:
    """The files of a set, or its folders, as they are.

    Attributes:
        name: the set's.
        table: what must be so of them.
        facts: of each, by name.
        writer: who has to be able to write them, or to own them, where the set asks for it; None: whoever runs this.
    """

    name: str
    table: FileSet
    facts: Sequence[FileFact] = field(repr=False)
    writer: Writer | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.facts)

    def largest_entries(self, count: int) -> list[tuple[str, int]]:
        """What takes up most room, and its bytes, the largest first: files, and folders with all that is in them."""
        sizes: Counter[str] = Counter()
        for fact in self.facts:
            sizes[self._entry(PurePosixPath(fact.name))] += fact.bytes
        return sorted(sizes.items(), key=lambda entry: (-entry[1], entry[0]))[:count]

    def _entry(self, name: PurePosixPath) -> str:
        """What lies immediately in the folder that its path begins with, and is the file or holds it."""
        depths = [_plain_parts(path) for path in self.table.paths if _matches(name, path)]
        return "/".join(name.parts[: min(depths, default=0) + 1])

    @property
    def missing(self) -> list[str]:
        """Paths, or globs, of the set that match nothing."""
        names = [PurePosixPath(fact.name) for fact in self.facts]
        return [path for path in self.table.paths if not any(_matches(name, path) for name in names)]

    @property
    def total_megabytes(self) -> float:
        """Their size together."""
        return sum(fact.bytes for fact in self.facts) / MEGABYTE

    @property
    def largest(self) -> FileFact | None:
        """The one that takes most room."""
        return max(self.facts, key=lambda fact: fact.bytes, default=None)

    @property
    def newest(self) -> FileFact | None:
        """The one that was written last."""
        return max(self.facts, key=lambda fact: fact.changed_at, default=None)

    @property
    def oldest(self) -> FileFact | None:
        """The one that has not been written for longest."""
        return min(self.facts, key=lambda fact: fact.changed_at, default=None)

    def older_than(self, seconds: float) -> list[FileFact]:
        """Those that were written longer ago."""
        return [fact for fact in self.facts if fact.age_s > seconds]

    @property
    def expired(self) -> list[FileFact]:
        """Those that are older than any may be; none where the set says nothing of it."""
        return self.older_than(self.table.drop) if self.table.drop else []

    @property
    def unwritable(self) -> list[FileFact]:
        """Those that cannot be written by who has to, where that is asked for."""
        return [fact for fact in self.facts if self.table.writable and not self._writes(fact.path)]

    @property
    def too_open(self) -> list[FileFact]:
        """Those whose permissions allow more than they may."""
        most = int(self.table.mode, 8) if self.table.mode else 0o777
        return [fact for fact in self.facts if fact.mode & ~most]

    @property
    def too_closed(self) -> list[FileFact]:
        """Those whose permissions allow less than they must."""
        least = int(self.table.needs, 8) if self.table.needs else 0
        return [fact for fact in self.facts if least & ~fact.mode]

    @property
    def foreign(self) -> list[FileFact]:
        """Those that belong to somebody else than they must, where that is asked for."""
        owner = self.writer.uid if self.writer else os.geteuid()
        return [fact for fact in self.facts if self.table.owned and fact.owner != owner]

    @property
    def open_to_all(self) -> list[FileFact]:
        """Those that every user of the machine may read."""
        return [fact for fact in self.facts if fact.mode & 0o004]

    @cached_property
    def unreadable(self) -> dict[str, str]:
        """Why each of those cannot be parsed that cannot, by name."""
        found = {}
        for fact in self.facts if self.table.parse else ():
            try:
                self.read(fact)
            except (OSError, ValueError) as error:
                found[fact.name] = str(error).splitlines()[0]
        return found

    def read(self, fact: FileFact) -> Any:
        """What stands in one, parsed as the set says; text where it says nothing.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not what the set says.
        """
        return PARSERS[self.table.parse or ""](fact.path.read_text(encoding="utf-8"))

    def checksums(self) -> dict[str, str]:
        """The SHA-256 of each, by name."""
        return {fact.name: fact.sha256() for fact in self.facts}

    @property
    def wrong(self) -> list[str]:
        """Sentences of all that is not as the set's table asks."""
        said = [f"{path} is not there" for path in self.missing]
        who = self.writer.who if self.writer else "us"
        said += [f"{fact.name} cannot be written by {who}" for fact in self.unwritable]
        said += [f"{fact.name} has mode {fact.mode:03o}, at most {self.table.mode} is right" for fact in self.too_open]
        said += [
            f"{fact.name} has mode {fact.mode:03o}, at least {self.table.needs} is needed" for fact in self.too_closed
        ]
        said += [f"{fact.name} belongs to user {fact.owner}, and not to {who}" for fact in self.foreign]
        said += [f"{name} cannot be read as {self.table.parse}: {why}" for name, why in self.unreadable.items()]
        drop = spoken(self.table.drop or 0.0)
        said += [f"{fact.name} is {spoken(fact.age_s)} old, and must go after {drop}" for fact in self.expired]
        if self.table.keep and self.oldest and self.oldest.age_s < self.table.keep:
            said.append(f"the oldest is {spoken(self.oldest.age_s)} old, {spoken(self.table.keep)} must be kept")
        return said

    def _writes(self, path: Path) -> bool:
        """Also root is refused where the file system is read-only."""
        by_permission = self.writer is None or self.writer.can_write(path)
        foreign = self.writer is not None and os.geteuid() not in {0, self.writer.uid}
        return by_permission and (foreign or os.access(path, os.W_OK))


def _matches(name: PurePosixPath, path: str) -> bool:
    if not WILD & set(path):
        return name == PurePosixPath(path)
    return any(name.match(glob) for glob in (path, path.replace("**/", "")))


def _plain_parts(path: str) -> int:
    """How many folders a path or glob begins with that no wildcard stands for."""
    folders = PurePosixPath(path).parts[:-1]
    return next((number for number, part in enumerate(folders) if WILD & set(part)), len(folders))


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


PARSERS: dict[str, Callable[[str], Any]] = {"": str, "json": json.loads, "toml": tomllib.loads, "yaml": _yaml}
