"""Drives ballast: a file of real blocks that makes a disk nearly full, and is removed again."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmops.control.below import below
from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.value import ValueDriver
from pytest_llmops.errors import ControlError
from pytest_llmops.target.ballast import PREFIX, taken
from pytest_llmops.target.sizes import part_of, worded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.target.ballast import BallastFile
    from pytest_llmops.target.load import Target

EMPTY, FILLED = "empty", "filled"
"""What a disk with ballast can be told to be."""

LEAST = 100_000_000
"""Bytes that every disk keeps: the journal has to be written there, and somebody may have to put things right."""

STEP = 1 << 30
"""Bytes that are filled at a time: whoever else writes meanwhile is seen, and so is a deadline."""


def driver(settings: BallastFile, target: Target) -> BallastDriver:
    """The driver of a ballast's table."""
    return BallastDriver(settings, target)


@dataclass(frozen=True, slots=True)
class Room:
    """How full a disk is, in bytes.

    Attributes:
        whole: its size, or the folder's quota.
        free: what an ordinary user may still fill of that.
        of_disk: the same of the disk itself, whatever the quota is.
    """

    whole: int
    free: int
    of_disk: int


class BallastDriver(ValueDriver):
    """Lays one file under a name of its own, where none of that name is, and removes that alone."""

    def __init__(self, settings: BallastFile, target: Target) -> None:
        super().__init__(settings.what, settings.resolved(target.root, target.environ), target)
        folder = PurePosixPath(self.control.folder)
        self._root = Path("/") if folder.is_absolute() else Path(self.control.root)
        self._below = folder.relative_to("/") if folder.is_absolute() else folder
        self._path = self._root / self._below / self.control.file

    def read(self, within_s: float) -> str:
        """Whether the file is there: ``filled``, else ``empty``."""
        with self._folder() as folder:
            return FILLED if self._there(folder) else EMPTY

    def write(self, value: str, within_s: float) -> None:
        """Lay the file, or remove it."""
        if value not in {EMPTY, FILLED}:
            raise ControlError(
                "", "refused", f"{value!r} is nothing that a disk can be; it can be {FILLED} or {EMPTY}."
            )
        with self._folder() as folder:
            if value == FILLED:
                self._fill(folder, Deadline(within_s))
            elif self._there(folder):
                os.unlink(self.control.file, dir_fd=folder)

    def typed(self, value: str) -> str:
        """What removes the file; of filling the disk the words alone, for nobody has to do that by hand."""
        path = shlex.quote(str(self._path))
        return f"rm -f -- {path}" if value == EMPTY else f"# {path} is to be there"

    def _there(self, folder: int) -> bool:
        try:
            found = os.lstat(self.control.file, dir_fd=folder)
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(found.st_mode):
            raise ControlError("", "refused", f"{self._path} is no file, so it is none of ours; it is not touched.")
        return True

    def _fill(self, folder: int, deadline: Deadline) -> None:
        """Lay the file, in steps; where anything is in the way of it nothing of it stays."""
        if others := sorted(name for name in os.listdir(folder) if name.startswith(PREFIX)):
            raise ControlError(
                "",
                "refused",
                f"{self._path.with_name(others[0])} is there already: another drill is under way, or llmops recover "
                f"has not been called after one that was killed.",
            )
        wanted = self._wanted(self._room(folder))
        mode = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(self.control.file, mode, 0o600, dir_fd=folder)
        try:
            for start in range(0, wanted, STEP):
                self._take(file, start, wanted, deadline)
                self._leaves_enough(self._room(folder))
            self._see_taken(file, wanted)
        except BaseException:
            os.unlink(self.control.file, dir_fd=folder)
            raise
        finally:
            os.close(file)

    def _take(self, file: int, start: int, wanted: int, deadline: Deadline) -> None:
        """One step."""
        if deadline.over:
            late = f"within {deadline.within_s:.3g} s {worded(start)} of {worded(wanted)} were filled"
            raise ControlError("", "timeout", f"{self.what}: {late}; nothing of it was left.")
        os.posix_fallocate(file, start, min(STEP, wanted - start))

    def _see_taken(self, file: int, wanted: int) -> None:
        """See that it takes room, and not only says how large it is."""
        if 512 * os.fstat(file).st_blocks < wanted:
            short = f"{self._path.parent} is on a file system that keeps no room for what is not written yet"
            raise ControlError("", "refused", f"{short}, so nothing became fuller there.")

    def _room(self, folder: int) -> Room:
        found = os.fstatvfs(folder)
        whole, free = found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail
        quota = self.control.quota
        return Room(quota, min(quota - taken(folder), free), free) if quota else Room(whole, free, free)

    def _wanted(self, room: Room) -> int:
        """How large the file is to be."""
        leaves = part_of(self.control.leaves, room.whole)
        wanted, free = room.free - leaves, f"{worded(max(0, room.free))} of {worded(room.whole)} are free"
        if wanted <= 0:
            raise self._refused(f"{free}, which is no more than the {worded(leaves)} that stay free at least")
        if wanted > self.control.at_most:
            most = worded(self.control.at_most)
            raise self._refused(f"{free}; to leave {worded(leaves)} takes {worded(wanted)}, and at_most is {most}")
        if room.of_disk - wanted < LEAST:
            raise self._refused(
                f"{worded(room.of_disk)} of the disk are free, and of every disk {worded(LEAST)} stay so; "
                f"give it a larger leaves"
            )
        return wanted

    def _leaves_enough(self, room: Room) -> None:
        """What is free now is what was to stay free, but for what file systems need for themselves.

        Raises:
            ControlError: somebody else has written meanwhile.
        """
        leaves = part_of(self.control.leaves, room.whole)
        if room.free < leaves - room.whole // 100 or room.of_disk < LEAST // 2:
            raise self._refused(f"others wrote there meanwhile, and {worded(max(0, room.free))} were left free")

    def _refused(self, why: str) -> ControlError:
        return ControlError("", "refused", f"{self.what} is not filled: {why}.")

    @contextmanager
    def _folder(self) -> Iterator[int]:
        try:
            with below(self._root, self._below) as folder:
                yield folder
        except OSError as error:
            why = {
                errno.ENOENT: "is not there",
                errno.ELOOP: "is a link, or below one; write where that leads",
                errno.ENOTDIR: "is no folder, or is a link; write where that leads",
            }.get(error.errno or 0, f"cannot be used: {error.strerror}")
            kind = "absent" if error.errno == errno.ENOENT else "refused"
            raise ControlError("", kind, f"{self._path.parent} {why}.") from error
