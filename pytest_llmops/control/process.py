"""Drives a process of this machine by signals; starts it so that it outlives us."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.driver import Status
from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    import psutil

    from pytest_llmops.control.driver import Ability, Act
    from pytest_llmops.target.control import Process
    from pytest_llmops.target.load import Target

SIGNALS: dict[Act, signal.Signals] = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP, "resume": signal.SIGCONT}
LOOK_AGAIN_S = 0.02
BLOCK = 65536


def driver(settings: Process, target: Target) -> ProcessDriver:
    """The driver of a ``control`` table."""
    return ProcessDriver(settings, target.root, target.environ)


class ProcessDriver:
    """Finds the process anew each time, and sends it signals.

    Before each, psutil compares when it began with what it was when it was found: no later bearer of its number is hit.
    """

    def __init__(self, settings: Process, root: Path, environ: Mapping[str, str]) -> None:
        self.what = settings.what
        self.control = settings.resolved(root, environ)
        self._port = settings.port
        self._pid_file = Path(self.control.pid_file) if self.control.pid_file else None
        self._log = Path(self.control.log) if self.control.log else None
        self._program = Tool(tuple(settings.start), Path(str(self.control.cwd)), dict(environ))
        script = Path(__file__).with_name("detached.py")
        places = (str(self._log or ""), str(self._pid_file or ""))
        self._starter = Tool((sys.executable, "-I", "-S", str(script), *places), self._program.cwd, dict(environ))

    @property
    def can(self) -> frozenset[Ability]:
        """Without a command that starts it, nothing that only a start could mend."""
        can: set[Ability] = {"pause", "resume"}
        if self._program.words:
            can |= {"start", "stop", "restart", "kill"}
        if self._log:
            can.add("logs")
        return frozenset(can)

    def status(self, within_s: float) -> Status:
        """Whether it is there, and whether a signal stopped it."""
        import psutil

        process, why = self._found()
        with suppress(psutil.NoSuchProcess):
            if process is not None and (state := process.status()) != psutil.STATUS_ZOMBIE:
                instance = f"{process.pid} since {process.create_time():.2f}"
                paused = state == psutil.STATUS_STOPPED
                return Status("paused" if paused else "running", instance, f"process {process.pid}")
        return Status("stopped", detail=why or "it has ended")

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Send the signal, or start it.

        ``stop`` asks it to end and does not insist: what ignores SIGTERM is ended by ``kill`` alone. ``kill``,
        ``pause`` and ``resume`` are for its children too; to end them in order is its own affair.
        """
        deadline = Deadline(within_s)
        process, why = (None, "") if act == "start" else self._found()
        if process is None and act in {"pause", "resume"}:
            raise ControlError("", "absent", f"{self.what} is not there to {act}: {why}.")
        if process is not None:
            with _heard(self.what):
                _send(act, process)
        if act == "restart" and process is not None:
            self._wait(process, deadline)
        if act in {"start", "restart"}:
            self._start(deadline)

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The last lines of its log."""
        assert self._log is not None
        try:
            return _tail(self._log, lines)
        except OSError as error:
            raise ControlError("", "absent", f"the log {self._log} cannot be read: {error.strerror}.") from error

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The signals by ``kill``, the start by what starts it here too."""
        if act == "start":
            return self._starter.typed(*self._program.words)
        listener = f"ss -Hltnp 'sport = :{self._port}' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -n | head -1"
        found = f"pid=$({Tool(('cat', str(self._pid_file))).typed() if self._pid_file else listener})"
        if act == "stop":
            return f"{found}; kill $pid"
        if act == "restart":
            gone = "while kill -0 $pid 2>/dev/null; do sleep 0.1; done"
            return f"{found}; kill $pid; {gone}; {self._starter.typed(*self._program.words)}"
        return f"{found}; kill -{SIGNALS[act].name.removeprefix('SIG')} $pid $(pgrep -P $pid)"

    def close(self) -> None:
        """Nothing is held."""

    def _found(self) -> tuple[psutil.Process | None, str]:
        from pytest_llmops.control.finding import of_pid_file, of_port

        if self._pid_file:
            return of_pid_file(self._pid_file)
        assert self._port is not None
        return of_port(self._port)

    def _start(self, deadline: Deadline) -> None:
        done = self._starter.run(*self._program.words, within_s=deadline.left_s)
        if done.status:
            raise ControlError("", "refused", f"{self._program} cannot be run: {done.said}.")

    def _wait(self, process: psutil.Process, deadline: Deadline) -> None:
        """Wait until it is gone; a zombie, which its parent has yet to take leave of, is."""
        import psutil

        with suppress(psutil.NoSuchProcess):
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                if deadline.over:
                    raise ControlError(
                        "",
                        "timeout",
                        f"{self.what} did not end within {deadline.within_s:.3g} s of SIGTERM (process {process.pid}), "
                        "so no other was started; kill it, then start it.",
                    )
                time.sleep(LOOK_AGAIN_S)


def _send(act: Act, process: psutil.Process) -> None:
    import psutil

    if act in {"stop", "restart"}:
        process.terminate()
        with suppress(psutil.NoSuchProcess):
            process.resume()  # a paused one takes no notice of the other signal before this
        return
    if act in {"pause", "kill"}:
        process.suspend()  # first, lest it makes children while they are counted
    family = [*process.children(recursive=True), process]
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(SIGNALS[act])


@contextmanager
def _heard(what: str) -> Iterator[None]:
    """One that ended meanwhile needs no signal; one that is not ours takes none."""
    import psutil

    try:
        yield
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise ControlError(
            "",
            "refused",
            f"{what} (process {error.pid}) is another user's, and takes no signal of ours; run as that user.",
        ) from error


def _tail(file: Path, lines: int) -> list[str]:
    """The last lines of a file, of which no more is read than holds them."""
    with file.open("rb") as log:
        position = log.seek(0, 2)
        text = b""
        while position and text.count(b"\n") <= lines:
            step = min(BLOCK, position)
            position = log.seek(position - step)
            text = log.read(step) + text
    return text.decode(errors="replace").splitlines()[-lines:]
