"""One process of the stack, by its name: started, ended, held still, looked at."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.sandbox.children import send
from pytest_llmops.sandbox.ports import BACKLOG, Opening

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.sandbox.ports import Port


class Unit:
    """What can be acted on. At most one process of it is there at a time.

    Args:
        name: what it is called: that of a part, a service, a process.
        port: where it answers; None where it serves nothing.
        log: the file that holds what it writes.
        pid_file: the file that names its process.
        fork: starts its process, with where it serves and how many there were before, and gives its id.
        rolls: whether a successor of its process can serve at the same socket before that ends.
        goes_on: whether its process goes on where it is said to stand still.

    Attributes:
        pid: of its process; 0 where there is none.
    """

    def __init__(
        self,
        name: str,
        port: Port | None,
        log: Path,
        pid_file: Path,
        fork: Callable[[Opening, int], int],
        *,
        rolls: bool = False,
        goes_on: bool = False,
    ) -> None:
        self.name = name
        self.port = port
        self.log = log
        self._pid_file = pid_file
        self._fork = fork
        self.pid = 0
        self._began = 0.0
        self._starts = 0
        self._detail = "never started"
        self._paused = self._ready = self._ending = self._again = False
        self._said: int | None = None
        self._listener: socket.socket | None = None
        self._rolls = rolls
        self._goes_on = goes_on
        self._shared: socket.socket | None = None
        self._next = 0

    def listen(self) -> None:
        """Take connections before its process is there, which answers them once it can."""
        if self.port is not None:
            self._listener = self.port.take()
            self._listener.listen(BACKLOG)

    def start(self) -> None:
        """Start it; where its last process is still ending, once that has."""
        self._forget_next()
        if self.pid:
            self._again = self._ending
            return
        listener, self._listener = self._listener or (self.port.take() if self.port else None), None
        self.pid, self._began = self._begin(listener), time.time()
        if self._rolls:
            self._shared = listener
        elif listener:
            listener.close()
        self._write_pid()

    def roll(self) -> None:
        """Start a successor at the same socket, and end its process once that serves; without a gap, if it can."""
        if not self.pid or self._ending or not self._rolls:
            self.restart()
            return
        self._forget_next()
        self._close_pipe()
        self._next = self._begin(self._shared)

    def _begin(self, listener: socket.socket | None) -> int:
        """Start a process there; its id."""
        self._said, say = os.pipe()
        try:
            return self._fork(Opening(listener, say), self._starts)
        finally:
            self._starts += 1
            os.close(say)

    def _write_pid(self) -> None:
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        self._pid_file.write_text(f"{self.pid}\n", encoding="ascii")

    def _succeed(self) -> None:
        """Once its successor serves, that is its process, and the old one answers what is under way, and ends."""
        if self._next and self._looked_ready(0.0):
            os.kill(self.pid, signal.SIGTERM)
            self.pid, self._next, self._began = self._next, 0, time.time()
            self._write_pid()

    def _forget_next(self) -> None:
        """End a successor that does not serve yet."""
        if self._next:
            send(self._next, signal.SIGKILL)
            self._next = 0
            self._close_pipe()
            self._ready = True  # as its process is, beside which it was started

    def _close_pipe(self) -> None:
        if self._said is not None:
            os.close(self._said)
        self._said, self._ready = None, False

    def stop(self) -> None:
        """Ask its process to end; one that stands still hears of it once it goes on, and so it does."""
        self._again = False
        self._end()

    def restart(self) -> None:
        """Ask its process to end, and start another once it has."""
        if not self.pid:
            self.start()
            return
        self._again = True
        self._end()

    def _end(self) -> None:
        self._forget_next()
        self._unshare()
        if self.pid:
            self._ending = True
            os.kill(self.pid, signal.SIGTERM)
            send(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End its process, and all that it started, without a chance to clean up."""
        self._again = False
        self._forget_next()
        self._unshare()
        if self.pid:
            self._ending = True
            send(self.pid, signal.SIGKILL)

    def _unshare(self) -> None:
        """Take no connection any more once its process does not."""
        if self._shared:
            self._shared.close()
        self._shared = None

    def pause(self) -> None:
        """Let it stand still, and all that it started."""
        if self._goes_on:
            self._paused = bool(self.pid)
        elif self.pid:
            send(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        if self._goes_on:
            self._paused = False
        elif self.pid:
            send(self.pid, signal.SIGCONT)

    def await_ready(self, within_s: float) -> None:
        """Wait until it says that it answers.

        Raises:
            LlmopsError: it ended before, or did not in time.
        """
        if not self._looked_ready(within_s):
            late = f" within {within_s:g} s" if self._said is not None else ""
            raise LlmopsError(f"the part {self.name} did not come up{late}.")

    def changed(self, status: int) -> bool:
        """Take note of what the kernel says of its process.

        Args:
            status: as of ``waitpid``.

        Returns:
            Whether it has ended without being told to.
        """
        if os.WIFSTOPPED(status) or os.WIFCONTINUED(status):
            self._paused = os.WIFSTOPPED(status)
            return False
        code = os.waitstatus_to_exitcode(status)
        self._detail = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        by_itself, again = not self._ending, self._again
        if code in {0, -signal.SIGTERM}:
            self._pid_file.unlink(missing_ok=True)
        self._forget_next()
        self._unshare()
        self._looked_ready(0.0)
        self._close_pipe()
        self.pid = 0
        self._paused = self._ready = self._ending = self._again = False
        if again:
            self.start()
        return by_itself

    def status(self) -> dict[str, Any]:
        """How it is, by the names of ``control.driver.Status``."""
        if not self.pid:
            return {"state": "stopped", "detail": self._detail}
        self._succeed()
        ready = self._looked_ready(0.0)
        detail = f"process {self.pid}" if ready or self._paused else f"process {self.pid}, not ready yet"
        detail = f"process {self.pid}, and process {self._next}, not ready yet" if self._next else detail
        return {
            "state": "paused" if self._paused else "running",
            "instance": f"{self.pid} since {self._began:.2f}",
            "detail": detail,
            "settled": self._paused or (ready and not self._again and not self._next),
        }

    def _looked_ready(self, within_s: float) -> bool:
        """Whether it has said that it answers, in that time."""
        if self._said is not None and select.select([self._said], [], [], within_s)[0]:
            self._ready = os.read(self._said, 1) == b"1"
            os.close(self._said)
            self._said = None
        return self._ready
