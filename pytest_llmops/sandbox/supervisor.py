"""Starts the processes of a stack, waits until each answers, acts on them, and sees to it that none survives."""

from __future__ import annotations

import os
import selectors
import signal
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.sandbox import laying, playing, tls
from pytest_llmops.sandbox.children import SIGNALS, Children
from pytest_llmops.sandbox.lifeline import remove
from pytest_llmops.sandbox.ports import HOST, Opening, Port
from pytest_llmops.sandbox.reception import Reception
from pytest_llmops.sandbox.serving import LET_GO_S
from pytest_llmops.sandbox.settings import Settings
from pytest_llmops.sandbox.stack import OUTSIDE
from pytest_llmops.sandbox.telling import tell
from pytest_llmops.sandbox.unit import Unit

if TYPE_CHECKING:
    from pytest_llmops.sandbox.order import Order
    from pytest_llmops.sandbox.stack import Stack

_START_S = 120.0  # of many processes on a busy machine; one that ends is noticed at once


class Ended(BaseException):
    """A signal asked for the end."""


def run(order: Order, since: float, *, alone: bool = False) -> None:
    """Live as a sandbox: start, say where, and stay until standard input ends or a signal comes.

    Where nobody reads any more what it says, it ends at once: whoever started it is gone.

    Alone, as in a container, it stays until a signal comes. Its standard output is then what its processes write.

    Args:
        order: what was asked for.
        since: when this process began, in monotonic seconds.
        alone: whether nobody holds its standard input, and reads where all is.

    Raises:
        LlmopsError: a part did not come up.
    """

    def ended(*_: object) -> None:
        raise Ended

    directory = order.stack.directory if order.given else Path(tempfile.mkdtemp(prefix="llmops-sandbox-"))
    directory.mkdir(parents=True, exist_ok=True)
    stack = replace(order.stack, directory=directory.resolve())
    supervisor = Supervisor(stack, keeps_directory=order.keeps_directory, alone=alone)
    try:
        for number in SIGNALS:
            signal.signal(number, ended)
        supervisor.start()
        if alone or tell({**supervisor.described(), "ready_s": round(time.monotonic() - since, 3)}):
            supervisor.live()
    except Ended:
        pass
    finally:
        supervisor.end()


class Supervisor:
    """One embedded stack, from its order to its end.

    Args:
        stack: what to start; its addresses are filled in.
        keeps_directory: whether what the processes wrote stays.
        alone: whether nobody holds its standard input, and its processes write to its standard output.
    """

    def __init__(self, stack: Stack, *, keeps_directory: bool, alone: bool) -> None:
        self._keeps_directory = keeps_directory
        self._alone = alone
        self._children = Children(self._leave)
        self._units: dict[str, Unit] = {}
        self._reception = Reception(self._units, self._look)
        self.stack = replace(stack, sockets=self._reception.folder)

    def start(self) -> None:
        """Start all processes and wait until they answer.

        Raises:
            LlmopsError: one did not come up.
        """
        playing.prepare(self.stack.units)
        laying.lay(self.stack)
        tls.lay(self.stack)
        Settings(self.stack).lay()
        for name in self.stack.units:
            self._units[name] = self._unit(name)
        begun = [unit for unit in self._units.values() if f"{unit.name}:down" not in self.stack.faults]
        for unit in begun:
            if unit.name != "redis":  # whose server listens by itself
                unit.listen()  # all of them, before one is there that may ask another
        for unit in begun:
            unit.start()
        for unit in begun:
            if f"{unit.name}:unready" not in self.stack.faults:
                unit.await_ready(_START_S)

    def _unit(self, name: str) -> Unit:
        port = None
        if name in self.stack.answering:
            port = Port(urlsplit(self.stack.addresses.get(name, "")).port or 0)
            scheme, path = ("redis", "/0") if name == "redis" else ("http", "")
            scheme = "https" if tls.spoken(self.stack, name) else scheme
            self.stack.addresses[name] = f"{scheme}://{HOST}:{port.number}{path}"
        fork = partial(self._fork, name)
        rolls = name in self.stack.sandbox.rolls and f"{name}:gap" not in self.stack.faults
        log, pid_file = laying.log_of(self.stack, name), laying.pid_file_of(self.stack, name)
        goes_on = f"{name}:wont-pause" in self.stack.faults
        return Unit(name, port, log, pid_file, fork, rolls=rolls, goes_on=goes_on)

    def _fork(self, name: str, opening: Opening, before: int) -> int:
        stack = self.stack if name == OUTSIDE else self.stack.as_set()  # commands see each value as it is then
        Settings(stack).begins(name)
        part = playing.part(stack, name, opening, before=before)
        kept = [opening.say, *([opening.listener.fileno()] if opening.listener else [])]
        deaf = f"{name}:wont-stop" in stack.faults
        log = None if self._alone else laying.output_of(self.stack, name)
        return self._children.fork(name, part.run, log, kept, deaf=deaf, ending=part.end)

    def described(self) -> dict[str, object]:
        """What the stack's user needs, and the socket where its processes are acted on."""
        return {**self.stack.described(), "socket": str(self._reception.path)}

    def live(self) -> None:
        """Act on the processes as asked, and tell on standard error of those that end by themselves."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # else the kernel would not wake anybody
        self._look()
        with selectors.DefaultSelector() as selector:
            for file in (woken, self._reception.fileno(), *([] if self._alone else [0])):
                selector.register(file, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if 0 in ready and not os.read(0, 4096):
                    return
                if woken in ready:
                    os.read(woken, 4096)
                    self._look()
                if self._reception.fileno() in ready:
                    self._reception.answer()

    def _look(self) -> None:
        """Hear what became of processes."""
        units = {unit.pid: unit for unit in self._units.values() if unit.pid}
        for pid, status in _news():
            over = os.WIFEXITED(status) or os.WIFSIGNALED(status)
            if over:
                self._children.alive.discard(pid)
            unit = units.get(pid)  # none of what one of them left behind, where the kernel gives that to us
            if unit is not None and unit.changed(status) and unit.name not in self.stack.sandbox.processes:
                os.write(2, f"sandbox: the part {unit.name} (process {pid}) has ended.\n".encode())

    def end(self) -> None:
        """End all processes and remove what they wrote."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if self._alone:
            self._let_go()
        self._children.end()
        self._leave()

    def _let_go(self) -> None:
        """Have all processes end in order, as they would if each were in the supervisor's place."""
        deadline = time.monotonic() + LET_GO_S
        for unit in self._units.values():
            unit.stop()
        while any(unit.pid for unit in self._units.values()) and time.monotonic() < deadline:
            self._look()
            time.sleep(0.01)

    def _leave(self) -> None:
        self._reception.leave()
        if not self._keeps_directory:
            remove(self.stack.directory)


def _news() -> list[tuple[int, int]]:
    """Processes that ended, were stopped or went on since the last time, and how."""
    found: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        except ChildProcessError:
            return found
        if not pid:
            return found
        found.append((pid, status))
