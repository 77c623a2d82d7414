"""One change at a time: whose turn it is on a target. The death of its holder frees it."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from filelock import FileLock, Timeout

from pytest_llmops.errors import JournalError, Occupied
from pytest_llmops.state.folder import state_folder
from pytest_llmops.state.journal import FOLDER

if TYPE_CHECKING:
    from pathlib import Path


class Turn:
    """The right to change a target.

    Args:
        state: the state folder.
        target: its name.
    """

    def __init__(self, state: Path, target: str) -> None:
        self.target = target
        self._state = state
        folder = state / FOLDER
        self._lock = FileLock(folder / f"{quote(target, safe='')}.lock")
        self._holder = folder / f"{quote(target, safe='')}.holder"

    def __repr__(self) -> str:
        return f"Turn({self.target!r})"

    @property
    def taken(self) -> bool:
        """Whether it is this process's."""
        return bool(self._lock.is_locked)

    @property
    def free(self) -> bool:
        """Whether nobody has it."""
        if not self._holder.exists():
            return True
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
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
            self._holder.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock.acquire(timeout=wait_s, poll_interval=0.02)
            part = self._holder.with_suffix(f".{os.getpid()}")
            part.write_text(
                json.dumps({"pid": os.getpid(), "since": time.time(), "test": test, "run": run}), encoding="utf-8"
            )
            part.replace(self._holder)
        except Timeout:
            raise Occupied(
                f"{self.target} is being changed by {self.held_by()}. One change at a time: wait until it has ended."
            ) from None
        except OSError as error:
            where = self._holder.parent
            raise JournalError(f"{where} cannot be written: {error}. Nothing is changed without it.") from error

    def give_back(self) -> None:
        """Let others have it."""
        if self.taken:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

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

    def _told(self) -> dict[str, Any]:
        """What its holder wrote down; nothing if it has it since a moment ago, or not any more."""
        try:
            holder: dict[str, Any] = json.loads(self._holder.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return holder
