"""One change at a time: whose turn it is on a target. The death of its holder frees it."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from pytest_llmops.errors import JournalError, Occupied
from pytest_llmops.state.folder import file_name, state_folder
from pytest_llmops.state.journal import FOLDER
from pytest_llmops.state.new_folder import new_folder

if TYPE_CHECKING:
    from pathlib import Path

BRIEFLY_S = 0.5
"""How long whoever only looks whether it is free may have it meanwhile."""


class Turn:
    """The right to change a target.

    Args:
        state: the state folder.
        target: its name.
        advice: a sentence more for whoever comes second.
    """

    def __init__(self, state: Path, target: str, advice: str = "") -> None:
        self.target = target
        self._advice = advice
        self._state = state
        folder = state / FOLDER
        # A thread that hears of a stop asks whether it is taken, and by default a lock is that of one thread
        self._lock = FileLock(folder / f"{file_name(target)}.lock", thread_local=False)
        self._holder = folder / f"{file_name(target)}.holder"

    def __repr__(self) -> str:
        return f"Turn({self.target!r})"

    @property
    def taken(self) -> bool:
        """Whether it is this process's."""
        return bool(self._lock.is_locked)

    @property
    def free(self) -> bool:
        """Whether nobody has it.

        Raises:
            JournalError: that cannot be seen.
        """
        try:
            self._holder.stat()
            self._lock.acquire(timeout=0)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except Timeout:
            return False
        except OSError as error:
            raise JournalError(
                f"nobody can see here whether {self.target} is as it was: {self._holder.parent} cannot be looked into: "
                f"{error}."
            ) from error
        self._lock.release()
        return True

    def take(self, test: str, *, run: str, wait_s: float = 0.0) -> None:
        """Have it, until it is given back or this process ends.

        Args:
            test: for whom, for those who come later.
            run: of which run.
            wait_s: how long to wait for it.

        Raises:
            Occupied: another process has it; names it.
            JournalError: nothing can be written there.
        """
        try:
            state_folder(self._state)
            new_folder(self._holder.parent, 0o700)
            self._lock.acquire(timeout=max(wait_s, BRIEFLY_S), poll_interval=0.02)
            self._tell(test, run)
        except Timeout:
            raise Occupied(self.occupied()) from None
        except OSError as error:
            self._lock.release(force=True)
            where = self._holder.parent
            raise JournalError(f"{where} cannot be written: {error}. Nothing is changed without it.") from error

    def give_back(self) -> None:
        """Let others have it."""
        if self.taken:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    def occupied(self) -> str:
        """What is said to whoever comes second."""
        said = f"{self.target} is being changed by {self.held_by()}. One change at a time: wait until it has ended."
        return f"{said} {self._advice}".rstrip()

    def held_by(self) -> str:
        """Who has it, for people."""
        holder = self._told()
        if not holder:
            return "another process"
        since = dt.datetime.fromtimestamp(holder["since"]).astimezone()
        return f"process {holder['pid']} since {since:%Y-%m-%d %H:%M:%S} ({holder['test']})"

    def held_for(self, run: str) -> bool:
        """Whether a process of that run has it, or was the last to have it and died."""
        return bool(self._told().get("run") == run)

    def _tell(self, test: str, run: str) -> None:
        part = self._holder.with_suffix(f".{os.getpid()}")
        part.write_text(
            json.dumps({"pid": os.getpid(), "since": time.time(), "test": test, "run": run}), encoding="utf-8"
        )
        part.replace(self._holder)

    def _told(self) -> dict[str, Any]:
        """What its holder wrote down; nothing if it has it since a moment ago, or not any more."""
        try:
            holder: dict[str, Any] = json.loads(self._holder.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return holder
