"""Folders and files of use to one process alone: gone with it, or found by what it held where it was killed."""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = re.compile(r"llmops-(?:scratch-)?(\d+)-[a-z0-9_]{8}")
_PART = re.compile(r"\..+\.(\d+)\.part")


def run_folder() -> Path:
    """Where the run of this process has its folder; nobody makes it here."""
    return Path(tempfile.gettempdir()) / f"llmops-{os.getpid()}-{os.urandom(4).hex()}"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder for its owner alone, which goes with the context; with the process, where a signal tore that."""
    owner = os.getpid()
    path = Path(tempfile.gettempdir()) / f"llmops-scratch-{owner}-{os.urandom(4).hex()}"

    def gone() -> None:
        if os.getpid() == owner and path.exists():
            remove(path)

    atexit.register(gone)
    path.mkdir(mode=0o700)
    try:
        with held(path):
            yield path
    finally:
        gone()
        atexit.unregister(gone)


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """An empty file beside another, for its owner alone, that is to take its place once it is whole.

    Args:
        path: of the other.

    Raises:
        OSError: it cannot be made.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with held(part):
            yield part
    finally:
        part.unlink(missing_ok=True)


def hold(path: Path) -> int:
    """Hold a file or folder, together with whoever else does; the kernel lets go of it with this process.

    Returns:
        What is to be closed to let go of it before.
    """
    opened = os.open(path, os.O_RDONLY)
    fcntl.flock(opened, fcntl.LOCK_SH)
    return opened


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file or folder meanwhile."""
    opened = hold(path)
    try:
        yield
    finally:
        os.close(opened)


def left_behind(state: Path) -> list[Path]:
    """What processes have left that were killed: scratch folders, folders of runs, files that are not whole.

    Of each the name tells whose it is, and nobody holds it any more. Only what is this user's is looked at.

    Args:
        state: the state folder, in which files are.
    """
    folders = [path for path in Path(tempfile.gettempdir()).glob("llmops-*") if is_orphan(path, _FOLDER)]
    return [*sorted(folders), *sorted(path for path in state.glob("*/*/.*.part") if is_orphan(path, _PART))]


def remove(path: Path) -> None:
    """Remove what was left behind.

    Raises:
        OSError: it cannot be.
    """
    if path.is_dir():
        for folder in (path, *(one for one in path.rglob("*") if one.is_dir() and not one.is_symlink())):
            folder.chmod(0o700)
        shutil.rmtree(path)
    else:
        path.unlink()


def is_orphan(path: Path, name: re.Pattern[str]) -> bool:
    """Whether a file or folder was left by a process that is gone, and is this user's.

    Args:
        path: of it.
        name: what it is called, with the process's number as its first group.
    """
    found = name.fullmatch(path.name)
    if found is None or _lives(int(found[1])):
        return False
    with suppress(OSError):  # it went meanwhile, or is not ours, or somebody of another container holds it
        if path.lstat().st_uid != os.geteuid():
            return False
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(opened)
        return True
    return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
