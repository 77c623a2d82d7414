"""Runs that a scheduler begins: one at a time on a target, and when each suite last began."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_llmops.errors import Occupied
from pytest_llmops.state.folder import file_name, state_folder
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.state.whole import put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "scheduled"
POLL_S = 0.5


class Scheduled:
    """The scheduled runs of a target on this machine.

    Args:
        state: the state folder.
        target: its name.
    """

    def __init__(self, state: Path, target: str) -> None:
        self.target = target
        self._state = state
        self._folder = state / FOLDER
        self._name = file_name(target)

    @contextmanager
    def alone(self, suite: str, wait_s: float) -> Iterator[int]:
        """While no other scheduled run of the target is under way.

        Args:
            suite: that is to be run.
            wait_s: how long to wait for the one that is.

        Returns:
            The lock's descriptor: a process that inherits it has the lock, too, should this one be killed.

        Raises:
            Occupied: another had it all the time; names it.
            OSError: nothing can be written there.
        """
        path = self._writable(f"{self._name}.lock")
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + wait_s
            while not _taken(lock):
                if time.monotonic() >= deadline:
                    held = os.pread(lock, 200, 0).decode(errors="replace") or "another process"
                    raise Occupied(f"{self.target} is being looked at by {held}; {suite} was not run.")
                time.sleep(POLL_S)
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{suite} of process {os.getpid()}".encode(), 0)
            yield lock
        finally:
            os.close(lock)

    def begun(self, suite: str) -> float | None:
        """When it last began, seconds since the epoch; None: it never did."""
        return self._read(f"{self._name}.{suite}.begun")

    def since(self, suite: str) -> float | None:
        """From when on it is caught up: when it last began, or was first looked at; None: neither ever was."""
        begun = self.begun(suite)
        return self._read(f"{self._name}.{suite}.looked") if begun is None else begun

    def note(self, suite: str, at: float) -> None:
        """Note that it began."""
        put(self._writable(f"{self._name}.{suite}.begun"), f"{at:.3f}")

    def note_look(self, suite: str, at: float) -> None:
        """Note that it was first looked at, and was not due."""
        put(self._writable(f"{self._name}.{suite}.looked"), f"{at:.3f}")

    def log(self, suite: str) -> Path:
        """The file for what its last quiet run said."""
        return self._writable(f"{self._name}.{suite}.log")

    def _read(self, name: str) -> float | None:
        try:
            return float((self._folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # a torn one costs a run more
            return None

    def _writable(self, name: str) -> Path:
        state_folder(self._state)
        new_folder(self._folder, 0o700)
        return self._folder / name


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
