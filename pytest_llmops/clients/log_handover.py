"""A log while it is rotated: whoever writes it goes on in the new file, and no line is lost."""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from pytest_llmops.clients.open_files import held, is_there, writers
from pytest_llmops.errors import Vacuous, excerpt
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_llmops.clients.log_files import LogFile

WITHIN_S = 10.0
"""In which something is written by whoever is at work, before the rotation and after it."""

LOOK_S = 0.005
TAIL = 64
"""Bytes by which it is known again whether what was read still stands there."""

MOST = 8_000_000
"""Bytes of lines that are watched, and looked for afterwards."""


@dataclass(frozen=True)
class Handed:
    """What became of a log that was rotated.

    Attributes:
        file: its name.
        rotated: the name of the file that has what stood in it; empty where there is none.
        took_s: from the end of the rotation to the first line that came afterwards.
        lost: lines that were written and stand in neither file.
        wrong: sentences of all that is not as it should be.
    """

    file: str
    rotated: str
    took_s: float
    lost: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def compressed(self) -> bool:
        """Whether the older part is compressed."""
        return self.rotated.endswith(".gz")


class Handover:
    """Watches the newest file of a log from before its rotation on.

    Lines are read as they come, out of the file as it was opened before, so that those are known, too, which go into a
    file that has no name any more. Only processes of this machine that we may look into are told by their names.

    Args:
        component: in whose name is complained.
        source: the log's name.
        files: gives its files as they are.

    Raises:
        Vacuous: nobody writes it now.
    """

    def __init__(self, component: str, source: str, files: Callable[[], list[LogFile]]) -> None:
        self._files = files
        before = files()
        written = [file for file in before if not file.rotated]
        if not written:
            raise Vacuous(f"{component}: every file of {source} was rotated away, so nobody writes any of them.")
        self._file = written[-1]
        self._path: Path = self._file.path
        self._known = {(file.name, file.inode) for file in before}
        self._opened = os.open(self._path, os.O_RDONLY)
        state = os.fstat(self._opened)
        self._key, self._length, self._at = (state.st_dev, state.st_ino), state.st_size, state.st_size
        self._tail = os.pread(self._opened, TAIL, max(0, self._length - TAIL))
        self._head = _sum(_pieces(os.fdopen(os.dup(self._opened), "rb"), self._length))
        self._come = bytearray()
        self._ends = threading.Event()
        self._watch = threading.Thread(target=self._follow, daemon=True)
        if not _until(lambda: os.fstat(self._opened).st_size > self._length):
            os.close(self._opened)
            raise Vacuous(
                f"{component}: nothing came in {self._file.name} within {spoken(WITHIN_S)}, so whether its writer goes "
                f"on after a rotation is not seen; rotate it while something is at work."
            )
        self._writers = writers(self._path)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        os.close(self._opened)

    def over(self) -> Handed:
        """The rotation is over: what became of the log within ten seconds."""
        start, size = time.monotonic(), self._size()
        _until(lambda: self._goes_on(size) or self._all_ended())
        silent = not self._goes_on(size) and not self._all_ended()
        took_s = time.monotonic() - start
        time.sleep(2 * LOOK_S)
        self._stop()
        rotated = self._rotated()
        lost = self._lost(rotated)
        wrong = list(self._told(rotated))
        if silent:
            wrong.append(f"nothing more came in {self._file.name} within {spoken(WITHIN_S)}")
        if lost:
            many = f"{len(lost)} lines stand" if len(lost) > 1 else "a line stands"
            wrong.append(f"{many} in neither file: {excerpt(lost[0])}")
        return Handed(self._file.name, rotated.name if rotated else "", took_s, tuple(lost), tuple(wrong))

    def _goes_on(self, size: int) -> bool:
        """Whether something was written since the file had that size, or to a new one."""
        return self._size() > size or (self._size() > 0 and self._path.stat().st_ino != self._key[1])

    def _all_ended(self) -> bool:
        return bool(self._writers) and not any(map(is_there, self._writers))

    def _told(self, rotated: LogFile | None) -> Iterator[str]:
        if rotated is None:
            yield f"{self._file.name} was not rotated: no other file of the log begins with what stood in it"
        renamed = not self._path.exists() or self._path.stat().st_ino != self._key[1]
        for pid, who in self._writers.items():
            if not is_there(pid):
                yield f"{who}, which wrote {self._file.name}, ended when it was rotated"
            elif renamed and self._key in held(pid):
                now = (
                    "deleted" if os.fstat(self._opened).st_nlink == 0 else f"called {rotated.name if rotated else '?'}"
                )
                yield f"{who} still writes into the old file, which is now {now}"
        if self._size():
            with self._path.open("rb") as file:
                if file.read(1) == b"\0":
                    yield f"{self._file.name} begins with a hole: its writer went on at its old place"

    def _rotated(self) -> LogFile | None:
        """The file that begins with what stood in the log."""
        for file in self._files():
            if file.path != self._path and (file.name, file.inode) not in self._known:
                try:
                    if _sum(_pieces(_open(file), self._length)) == self._head:
                        return file
                except (OSError, EOFError):
                    continue  # it is still being compressed, or no gzip file
        return None

    def _lost(self, rotated: LogFile | None) -> list[str]:
        there: Counter[bytes] = Counter()
        if rotated is not None:
            with _open(rotated) as file:
                file.seek(self._length)
                there.update(file.read(MOST).splitlines())
        if self._size():
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_ino == self._key[1] and rotated is None:
                    file.seek(self._length)
                there.update(file.read(MOST).splitlines())
        whole = bytes(self._come[: self._come.rfind(b"\n") + 1])
        return [line.decode("utf-8", "replace") for line in (Counter(whole.splitlines()) - there).elements()]

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def _follow(self) -> None:
        while not self._ends.wait(LOOK_S):
            self._read()

    def _read(self) -> None:
        if os.pread(self._opened, len(self._tail), self._at - len(self._tail)) != self._tail:
            self._at, self._tail = 0, b""  # cut off in place, though it may be as long again by now
        read = os.pread(self._opened, max(0, MOST - len(self._come)), self._at)
        self._come += read
        self._at += len(read)
        self._tail = (self._tail + read)[-TAIL:]

    def _stop(self) -> None:
        self._ends.set()
        if self._watch.ident is not None:
            self._watch.join()


def _until(holds: Callable[[], object]) -> bool:
    ends_at = time.monotonic() + WITHIN_S
    while not (so := bool(holds())) and time.monotonic() < ends_at:
        time.sleep(LOOK_S)
    return so


def _open(file: LogFile) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file.path) if file.compressed else file.path.open("rb"))


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    """The first bytes of a file, piece by piece; fewer where it has no more."""
    with file:
        while length and (piece := file.read(min(length, 1 << 20))):
            length -= len(piece)
            yield piece


def _sum(pieces: Iterator[bytes]) -> str:
    checksum = hashlib.sha256()
    for piece in pieces:
        checksum.update(piece)
    return checksum.hexdigest()
