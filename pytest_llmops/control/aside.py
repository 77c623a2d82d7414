"""Drives files that are set aside before they are deleted, so that they can be put back; never through a link."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.below import FOLDER, below
from pytest_llmops.control.driver import Status
from pytest_llmops.control.value import SetDriver
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Aside

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


def driver(settings: Aside, target: Target) -> AsideDriver:
    """The driver of a clean-up."""
    return AsideDriver(settings, target)


class AsideDriver(SetDriver):
    """Moves files between their place and a folder beside them; what is kept is which of them lie in that folder.

    A file is moved by its folder, which is opened from the root on without following any link, so nobody can lead it
    elsewhere meanwhile. What has been made anew at a file's place is never written over.
    """

    def __init__(self, settings: Aside, target: Target) -> None:
        super().__init__(settings.what, settings.resolved(target.root, target.environ))
        self._root = Path(self.control.root)
        self._aside = PurePosixPath(self.control.folder)

    def status(self, within_s: float) -> Status:
        """Which files lie aside, by their names below the root."""
        names = []
        with suppress(FileNotFoundError), self._folder(self._aside) as folder:
            names = sorted(_files(folder))
        return Status("running", detail=f"{len(names)} files", kept={"aside": names})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have just these files lie aside.

        Raises:
            ControlError: some cannot be moved; says which, and why. All others were.
        """
        wanted, there = set(kept["aside"]), set(self.status(within_s).kept["aside"])
        moves = [(PurePosixPath(name), self._aside / name) for name in sorted(wanted - there)]
        moves += [(self._aside / name, PurePosixPath(name)) for name in sorted(there - wanted)]
        failed = []
        for source, place in moves:
            try:
                self._move(source, place)
            except ControlError as error:
                failed.append(str(error))
        if failed:
            raise ControlError("", "refused", " ".join(failed))
        if not wanted:
            self._tidy()

    def delete(self, names: Iterable[str]) -> None:
        """Delete some of the files that lie aside; what is not there any more is deleted.

        Raises:
            OSError: one cannot be deleted; says which.
        """
        for path in map(PurePosixPath, names):
            with suppress(FileNotFoundError), self._folder(self._aside / path.parent) as folder:
                os.unlink(path.name, dir_fd=folder)
        self._tidy()

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """How a person puts all of them back, or aside those that lay there; what is there already stays."""
        if names := " ".join(map(shlex.quote, kept.get("aside", ()))):
            folder = shlex.quote(str(self._aside))
            each = f'mkdir -p {folder}/"$(dirname "$f")" && mv -nv "$f" {folder}/"$f"'
            return f"(cd {shlex.quote(str(self._root))} && for f in {names}; do {each}; done)"
        return f"(cd {shlex.quote(str(self._root))} && cp -anv {shlex.quote(str(self._aside))}/. .)"

    def _move(self, source: PurePosixPath, place: PurePosixPath) -> None:
        try:
            with self._folder(source.parent) as here, self._folder(place.parent, make=True) as there:
                if not stat.S_ISREG(os.lstat(source.name, dir_fd=here).st_mode):
                    raise ControlError("", "refused", f"{self._root / source} is no file any more.")
                _renamed(source.name, here, place.name, there)
        except FileExistsError:
            raise ControlError(
                "", "refused", f"{self._root / place} is there again; {self._root / source} is not put in its place."
            ) from None
        except OSError as error:
            why = "is a link, or no folder" if error.errno in {errno.ELOOP, errno.ENOTDIR} else error.strerror
            which = self._root / (source if error.filename in {None, source.name} else error.filename)
            raise ControlError("", "refused", f"{which}: {why}; not moved.") from error

    def _tidy(self) -> None:
        """Take away the folders that are empty once all was put back; one that is not stays."""
        with suppress(OSError), self._folder(self._aside) as folder:
            _emptied(folder)
        for path in (self._aside, *self._aside.parents[:-1]):
            with suppress(OSError), self._folder(path.parent) as outer:
                os.rmdir(path.name, dir_fd=outer)

    def _folder(self, path: PurePosixPath, *, make: bool = False) -> AbstractContextManager[int]:
        """A folder below the root."""
        return below(self._root, path, make=make)


def _renamed(name: str, here: int, new: str, there: int) -> None:
    """Move a file where nothing is: by a second name for it, which only comes about where there is none."""
    try:
        os.link(name, new, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)
    except FileExistsError:
        if not os.path.samestat(os.lstat(name, dir_fd=here), os.lstat(new, dir_fd=there)):
            raise  # else we were interrupted between the two halves of it
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with suppress(FileNotFoundError):
            os.lstat(new, dir_fd=there)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new) from None
        os.rename(name, new, src_dir_fd=here, dst_dir_fd=there)
        return
    os.unlink(name, dir_fd=here)


def _files(folder: int, at: str = "") -> Iterator[str]:
    """The names of all files below an open folder."""
    for entry in os.scandir(folder):
        name = f"{at}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            inner = os.open(entry.name, FOLDER, dir_fd=folder)
            try:
                yield from _files(inner, f"{name}/")
            finally:
                os.close(inner)
        elif entry.is_file(follow_symlinks=False):
            yield name


def _emptied(folder: int) -> None:
    """Remove the folders below an open one that hold nothing."""
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            inner = os.open(entry.name, FOLDER, dir_fd=folder)
            try:
                _emptied(inner)
            finally:
                os.close(inner)
            with suppress(OSError):
                os.rmdir(entry.name, dir_fd=folder)
