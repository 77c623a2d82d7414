"""The files of a log, oldest first, and their lines: streamed, and never more than a number of bytes."""

from __future__ import annotations

import gzip
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

LONGEST_LINE = 1_000_000
"""Bytes; what is longer comes in pieces."""

LARGE = 2_000_000
PIECE = 1 << 20
NEAR = 100_000
"""Bytes of a file that is searched for a time, and of how near that is found: processes write a little out of order."""

_ROTATED = re.compile(r"(?:\.(?P<number>\d{1,4})|[.-]\d{4}-?\d{2}-?\d{2}(?:[T_-]?\d{2,6})?)(?:\.\w+)?(?:\.gz)?$|\.gz$")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of a log.

    Attributes:
        path: where it is.
        name: relative to the root.
        bytes: as it lies on disk.
        changed_at: when it was last written, in epoch seconds.
        inode: by which it is known under another name.
    """

    path: Path
    name: str
    bytes: int
    changed_at: float
    inode: int

    @property
    def rotated(self) -> bool:
        """Whether its name says that it is an older part: ``app.log.1``, ``app.log.2.gz``, ``app-20261129.log``."""
        return _ROTATED.search(self.path.name) is not None

    @property
    def compressed(self) -> bool:
        """Whether it is a gzip file."""
        return self.path.suffix == ".gz"

    @property
    def signature(self) -> tuple[str, int, float]:
        """Another one once it was written again."""
        return self.name, self.bytes, self.changed_at


def of(paths: Iterable[Path], root: Path) -> list[LogFile]:
    """The files as they are now, oldest first; without what was just removed, and without links to one another."""
    files: dict[tuple[int, int], LogFile] = {}
    for path in sorted(paths, key=lambda path: path.is_symlink()):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        name = path.relative_to(root).as_posix()
        file = LogFile(path, name, state.st_size, state.st_mtime, state.st_ino)
        files.setdefault((state.st_dev, state.st_ino), file)
    return sorted(files.values(), key=lambda file: (file.changed_at, -_number(file.path.name), file.name))


def _number(name: str) -> int:
    """``app.log.2`` is older than ``app.log.1``."""
    found = _ROTATED.search(name)
    return int(found["number"] or 0) if found else 0


class Lines:
    """The lines of files, oldest first.

    Args:
        files: in that order.
        max_bytes: so much of the newest is read.
        begins: name of a file to the byte before which nothing is wanted.

    Attributes:
        cut: once all were read: sentences of what was left out, or is damaged.
        file: the name of the one that is read now.
    """

    def __init__(self, files: Sequence[LogFile], max_bytes: int, begins: Mapping[str, int] | None = None) -> None:
        self._shares: list[tuple[LogFile, int | None]] = []
        self._begins = begins or {}
        self.cut: list[str] = []
        self.file = ""
        left = max_bytes
        for file in reversed(files):  # what lies beyond the limit is not even counted: that unpacks it
            over = left <= 0 < file.bytes
            share = None if over else min(left, _unpacked(file) - self._begins.get(file.name, 0))
            self._shares.insert(0, (file, share))
            left -= share or 0

    @property
    def headless(self) -> bool:
        """Whether they may begin within an entry."""
        return any(share is None or share < _unpacked(file) for file, share in self._shares)

    def __iter__(self) -> Iterator[str]:
        for file, share in self._shares:
            self.file = file.name
            if share is None:
                self.cut.append(f"{file.name} was not read, the limit of bytes was reached before")
            else:
                yield from self._of(file, share)

    def _of(self, file: LogFile, share: int) -> Iterator[str]:
        skip = max(0, _unpacked(file) - share)
        if skip > self._begins.get(file.name, 0):
            self.cut.append(f"{file.name} was read from byte {skip} on")
        try:
            with _opened(file) as opened:
                opened.seek(skip)
                if skip:
                    opened.readline(LONGEST_LINE)
                yield from _decoded(opened, share)
        except (OSError, EOFError, zlib.error) as error:
            self.cut.append(f"{file.name} could not be read to its end: {getattr(error, 'strerror', None) or error}")


def from_the_first(file: LogFile, most: int) -> Iterator[str]:
    """The lines of a file from its first byte on, so many bytes of them; of a damaged one those before the damage."""
    with suppress(OSError, EOFError, zlib.error), _opened(file) as opened:
        yield from _decoded(opened, most)


def begin(file: LogFile, since: float, time_in: Callable[[str], float | None]) -> int:
    """A byte of a large file before which all is older: its lines are in the order of their times, more or less.

    Args:
        file: whose lines are looked at.
        since: epoch seconds.
        time_in: the time of a line.
    """
    if file.compressed or file.bytes < LARGE:
        return 0
    low, high = 0, file.bytes
    with file.path.open("rb") as opened:
        while high - low > NEAR:
            middle = (low + high) // 2
            opened.seek(middle)
            opened.readline(LONGEST_LINE)
            times = (time_in(line) for line in _decoded(opened, NEAR))
            at = next((moment for moment in times if moment is not None), None)
            if at is not None and at < since:
                low = middle
            else:
                high = middle
    return max(0, low - NEAR)


def _opened(file: LogFile) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file.path)) if file.compressed else file.path.open("rb")


def _decoded(opened: BinaryIO, most: int) -> Iterator[str]:
    while most > 0 and (line := opened.readline(LONGEST_LINE)):
        most -= len(line)
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


@lru_cache(maxsize=1000)
def _unpacked(file: LogFile) -> int:
    """How many bytes are in it; of a damaged gzip file one more than can be read, so that whoever reads them sees it.

    A gzip file is counted: what its last bytes say is of its last member alone, and ends at 4 GiB.
    """
    if not file.compressed:
        return file.bytes
    found = 0
    try:
        with gzip.open(file.path) as opened:
            while piece := opened.read1(PIECE):
                found += len(piece)
    except (OSError, EOFError, zlib.error):
        found += 1
    return found
