"""What arrives in a log from a moment on, also where it is rotated meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.log_files import LogFile

LOOK_S = 0.25
"""How often it is looked whether a file was rotated: one that is renamed and compressed within less is missed."""

MOST = 8_000_000
"""Bytes of new lines that are read."""


class Following:
    """A log from a moment on.

    Args:
        source: its name.
        files: the files as they are, where it lies in files.
        lines: the newest lines as they are, where it is handed out.
    """

    def __init__(
        self,
        source: str,
        files: Callable[[], list[LogFile]] | None = None,
        lines: Callable[[], list[str]] | None = None,
    ) -> None:
        self.source = source
        self._files = files
        self._lines = lines
        self._read_up_to = {file.inode: file.bytes for file in files()} if files else {}
        self._before = lines() if lines else []
        self._come: list[str] = []

    def wait(self, seconds: float) -> None:
        """Look at it for so long."""
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(LOOK_S, left))
            if self._files:
                self._look()

    def arrived(self) -> list[str]:
        """The lines that have come since, whole ones, oldest first."""
        if self._lines:
            now = self._lines()
            return now[_overlap(self._before, now) :]
        self._look()
        return list(self._come)

    def _look(self) -> None:
        if not self._files:
            return
        try:
            files = self._files()
        except CallFailed as error:
            if error.kind != "absent":
                raise
            return  # between two files, while it is rotated
        for file in files:
            if not file.compressed:
                self._come += self._new(file)

    def _new(self, file: LogFile) -> list[str]:
        start = self._read_up_to.get(file.inode, 0)
        start = 0 if file.bytes < start else start  # cut off in place
        try:
            with file.path.open("rb") as opened:
                opened.seek(start)
                text = opened.read(MOST)
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._read_up_to[file.inode] = start + len(whole)
        return whole.decode("utf-8", errors="replace").splitlines()


def _overlap(before: list[str], now: list[str]) -> int:
    """How many of the lines that are there now were there before: the end of those is the beginning of these."""
    for shift in range(len(before)):
        rest = before[shift:]
        if now[: len(rest)] == rest:
            return len(rest)
    return 0
