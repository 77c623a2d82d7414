"""What ties the parts to their supervisor: when it is gone, however it ended, they end too."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_REMOVAL_S = 2.0
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded now: after a fork only the call is left


class Lifeline:
    """A pipe whose writing end the supervisor alone holds.

    The kernel closes that end with the supervisor, also after ``kill -9``; every part waits for just that, at ``end``.
    """

    def __init__(self) -> None:
        self.end, self._write = os.pipe()

    def hold(self, ending: Callable[[], None]) -> None:
        """In a part, which has no writing end: end this process, after ``ending``, once the supervisor is gone."""
        threading.Thread(target=self._wait, args=(ending,), daemon=True, name="lifeline").start()

    def _wait(self, ending: Callable[[], None]) -> None:
        while os.read(self.end, 1):
            pass
        try:
            ending()
        finally:
            os._exit(0)

    def cut(self) -> None:
        """In the supervisor: let every part go."""
        os.close(self._write)


def die_with_parent() -> None:
    """For a program that is not ours, between fork and exec: the kernel ends it with its parent (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def remove(directory: Path) -> None:
    """Remove a directory that other processes may still be writing to, or be removing as well."""
    deadline = time.monotonic() + _REMOVAL_S
    while directory.exists() and time.monotonic() < deadline:
        shutil.rmtree(directory, ignore_errors=True)
        _open(directory)
        time.sleep(0.01)


def _open(directory: Path) -> None:
    """Take away what keeps folders from being emptied: a profile may lay some that cannot be written to."""
    for folder, inner, _ in os.walk(directory):
        for name in inner:
            with suppress(OSError):
                Path(folder, name).chmod(0o700)
