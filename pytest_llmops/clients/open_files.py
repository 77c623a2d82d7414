"""Which files of this machine are open, and in whose hands."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def holders(paths: Iterable[Path]) -> tuple[dict[Path, str], int]:
    """The processes that have files open.

    Args:
        paths: the files that are asked about.

    Returns:
        Of each that is open the process: ``python (4711)``; and how many processes could not be looked into.
    """
    import psutil

    asked = {}
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            continue
        asked[state.st_dev, state.st_ino] = path
    found: dict[Path, str] = {}
    unseen = 0
    for process in psutil.process_iter(["name"]):
        try:
            files = process.open_files() if asked else []
        except psutil.AccessDenied:
            unseen += 1
            continue
        except psutil.NoSuchProcess:
            continue
        for one in files:
            key = _key(process.pid, one)
            if key in asked and process.pid != os.getpid():
                found.setdefault(asked[key], f"{process.info['name']} ({process.pid})")
    return found, unseen


def writers(path: Path) -> dict[int, str]:
    """The processes that have a file open to write to it, by their ids: ``python (4711)``; those that we may see."""
    import psutil

    state = path.stat()
    found = {}
    for process in psutil.process_iter(["name"]):
        try:
            files = process.open_files()
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
        for one in files:
            reads_only = getattr(one, "mode", "a") == "r"
            if not reads_only and _key(process.pid, one) == (state.st_dev, state.st_ino):
                found[process.pid] = f"{process.info['name']} ({process.pid})"
    return found


def held(pid: int) -> set[tuple[int, int]]:
    """Device and inode of each file that a process has open, also of those that have no name any more."""
    import psutil

    folder = f"/proc/{pid}/fd"
    try:
        names = [f"{folder}/{name}" for name in os.listdir(folder)]  # noqa: PTH208 (names of the kernel's)
    except OSError:
        try:
            names = [one.path for one in psutil.Process(pid).open_files()]
        except psutil.Error:
            return set()
    found = set()
    for name in names:
        with suppress(OSError):
            state = os.stat(name)  # noqa: PTH116 (a name of the kernel's)
            found.add((state.st_dev, state.st_ino))
    return found


def is_there(pid: int) -> bool:
    """Whether a process lives."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _key(pid: int, opened: object) -> tuple[int, int] | None:
    """Device and inode of an open file: whatever it is called by now."""
    for place in (f"/proc/{pid}/fd/{getattr(opened, 'fd', -1)}", getattr(opened, "path", "")):
        try:
            state = os.stat(place)  # noqa: PTH116 (a name of the kernel's)
        except OSError:
            continue
        return state.st_dev, state.st_ino
    return None
