"""Processes that are forked, told apart from their supervisor, and ended with it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.lifeline import Lifeline

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""What asks a supervisor for the end."""

_END_S = 1.0
_MOST_FILES = 65536


class Children:
    """The processes of one stack, each the leader of a group of its own.

    Args:
        leave: what every process does last, whatever ended its supervisor.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._lifeline = Lifeline()
        self.alive: set[int] = set()

    def fork(
        self,
        name: str,
        run: Callable[[], None],
        log: Path | None,
        kept: Collection[int],
        *,
        deaf: bool,
        ending: Callable[[], None],
    ) -> int:
        """Start a process, and say its id; signals wait meanwhile, so that none finds it half made.

        Args:
            name: what it is called.
            run: its life; a return ends it.
            log: the file that its standard output is added to; None: it is its supervisor's.
            kept: files of the supervisor's that it keeps open; it has no others.
            deaf: whether SIGTERM does nothing to it.
            ending: what it does when its supervisor is gone, before it leaves.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._be(name, run, log, kept, deaf=deaf, ending=ending)
        self.alive.add(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return pid

    def _be(
        self,
        name: str,
        run: Callable[[], None],
        log: Path | None,
        kept: Collection[int],
        *,
        deaf: bool,
        ending: Callable[[], None],
    ) -> None:
        """The life of a process; does not return."""
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides
            # A group that stands still when its supervisor is gone is sent SIGHUP and SIGCONT, and then ends in order
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT} if deaf else SIGNALS)
            _close_all_but({self._lifeline.end, *kept})
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            if log is not None:
                log.parent.mkdir(exist_ok=True)
                os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), 1)

            def end() -> None:
                ending()
                self._leave()

            self._lifeline.hold(end)
            run()
            code = 0
        except BaseException as error:  # noqa: BLE001 - a forked process must not return into its parent's code
            os.write(2, f"sandbox: the part {name} failed: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)

    def end(self) -> None:
        """End them all: by the lifeline, and by force who has not gone within a second."""
        self._lifeline.cut()
        deadline = time.monotonic() + _END_S
        for pid in self.alive:
            send(pid, signal.SIGCONT)
            while not _ended(pid):
                if time.monotonic() > deadline:
                    send(pid, signal.SIGKILL)
                time.sleep(0.002)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and all that it started; one that has ended needs none."""
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _close_all_but(kept: Collection[int]) -> None:
    """Close all files but these and the standard ones."""
    after = 3
    for number in (*sorted(kept), _MOST_FILES):
        if after < number:
            os.closerange(after, number)
        after = number + 1


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True
