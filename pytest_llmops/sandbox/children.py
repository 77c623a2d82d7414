"""The processes of the parts: forked, told apart from their supervisor, ended with it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.lifeline import Lifeline

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""What asks a supervisor for the end."""

_END_S = 1.0


def _nothing() -> None:
    pass


class Children:
    """The processes of one stack.

    Args:
        leave: what every process does last, whatever ended its supervisor.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._lifeline = Lifeline()
        self._parts: dict[int, str] = {}

    def fork(self, part: str, run: Callable[[], None], ending: Callable[[], None] = _nothing) -> int:
        """Start a process, and say its id; signals wait meanwhile, so that none finds it half made.

        Args:
            part: its name.
            run: its life; a return ends it.
            ending: what it does when its supervisor is gone, before it leaves.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._be(part, run, ending)
        self._parts[pid] = part
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return pid

    def _be(self, part: str, run: Callable[[], None], ending: Callable[[], None]) -> None:
        """The life of a part's process; does not return."""
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)

            def end() -> None:
                ending()
                self._leave()

            self._lifeline.hold(end)
            run()
            code = 0
        except BaseException as error:  # noqa: BLE001 - a forked process must not return into its parent's code
            os.write(2, f"sandbox: the part {part} failed: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)

    def tell_of_ends(self) -> None:
        """From now on, say on standard error when a process ends by itself."""

        def tell(*_: object) -> None:
            for pid, part in list(self._parts.items()):
                if _ended(pid):
                    del self._parts[pid]
                    os.write(2, f"sandbox: the part {part} (process {pid}) has ended.\n".encode())

        signal.signal(signal.SIGCHLD, tell)

    def end(self) -> None:
        """End them all: by the lifeline, and by force who has not gone within a second."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._lifeline.cut()
        deadline = time.monotonic() + _END_S
        for pid in self._parts:
            while not _ended(pid):
                if time.monotonic() > deadline:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.002)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True
