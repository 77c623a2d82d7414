"""Starts the parts, waits until each answers, and sees to it that nothing survives."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.errors import LlmopsError
from pytest_llmops.sandbox import laying, llm_part, redis_part
from pytest_llmops.sandbox.children import SIGNALS, Children
from pytest_llmops.sandbox.door import READY
from pytest_llmops.sandbox.lifeline import remove
from pytest_llmops.sandbox.stack import OUTSIDE, WATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.sandbox.order import Order
    from pytest_llmops.sandbox.stack import Stack

_HOST = "127.0.0.1"
_START_S = 30.0


class Ended(BaseException):
    """A signal asked for the end."""


def run(order: Order, since: float) -> None:
    """Live as a sandbox: start, say where, and stay until standard input ends or a signal comes.

    Args:
        order: what was asked for.
        since: when this process began, in monotonic seconds.

    Raises:
        LlmopsError: a part did not come up.
    """

    def ended(*_: object) -> None:
        raise Ended

    directory = order.stack.directory if order.given else Path(tempfile.mkdtemp(prefix="llmops-sandbox-"))
    directory.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(replace(order.stack, directory=directory.resolve()), keeps_directory=order.keeps_directory)
    try:
        for number in SIGNALS:
            signal.signal(number, ended)
        supervisor.start()
        told = {**supervisor.stack.described(), "ready_s": round(time.monotonic() - since, 3)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        while os.read(0, 4096):
            pass
    except Ended:
        pass
    finally:
        supervisor.end()


class Supervisor:
    """One embedded stack, from its order to its end.

    Args:
        stack: what to start; its addresses are filled in.
        keeps_directory: whether what the parts wrote stays.
    """

    def __init__(self, stack: Stack, *, keeps_directory: bool) -> None:
        self.stack = stack
        self._listeners: dict[str, socket.socket] = {}
        self._keeps_directory = keeps_directory
        self._children = Children(self._leave)

    def start(self) -> None:
        """Start all parts and wait until they answer.

        Raises:
            LlmopsError: a part did not come up.
        """
        laying.lay(self.stack)
        program = redis_part.program() if "redis:forgetful" not in self.stack.faults else None
        for part in self.stack.parts:
            if part != "redis" or program is None or self._down(part):
                self._listen(part)
        for name in (*self.stack.outside, *self.stack.watchers):
            self._listen(name)
        if "redis" in self.stack.parts and "redis" not in self._listeners:
            self._start_redis(program or "")
        serving = [part for part in self._listeners if part in self.stack.parts and not self._down(part)]
        for part in serving:
            self._fork(part, partial(self._be, part))
        for part in (*serving, *self._further(OUTSIDE), *self._further(WATCH)):
            self._listeners[part].close()
        for part in serving:
            _await(part, self.stack.addresses[part])
        self._children.tell_of_ends()

    def end(self) -> None:
        """End all parts and remove what they wrote."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        self._children.end()
        self._leave()

    def _leave(self) -> None:
        if not self._keeps_directory:
            remove(self.stack.directory)

    def _down(self, part: str) -> bool:
        return f"{part}:down" in self.stack.faults

    def _listen(self, part: str) -> None:
        """Take a port; a part that is down has it without listening, so that connections are refused at once."""
        # With its protocol named: asyncio sets TCP_NODELAY on accepted connections only then.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind((_HOST, 0))
        if not self._down(part):
            listener.listen(512)
        self._listeners[part] = listener
        self._note(part, listener.getsockname()[1])

    def _note(self, part: str, port: int) -> None:
        scheme, path = ("redis", "/0") if part == "redis" else ("http", "")
        self.stack.addresses[part] = f"{scheme}://{_HOST}:{port}{path}"

    def _start_redis(self, program: str) -> None:
        """Start redis-server, which chooses its port itself and tells it through a pipe."""
        server = redis_part.RedisServer(program, self.stack.directory)
        here, there = os.pipe()

        def report(port: int) -> None:
            os.write(there, str(port).encode())
            os.close(there)

        def be() -> None:
            os.close(here)
            self._close_others("redis")
            server.run(report)

        self._fork("redis", be, server.end)
        os.close(there)
        with os.fdopen(here) as told:
            port = told.read()
        if not port:
            raise LlmopsError(f"{program} did not come up.")
        self._note("redis", int(port))

    def _fork(self, part: str, run: Callable[[], None], *ending: Callable[[], None]) -> None:
        laying.note_process(self.stack, part, self._children.fork(part, run, *ending))

    def _further(self, part: str) -> list[str]:
        """What else answers in a part's process, each at a port of its own."""
        names = {OUTSIDE: self.stack.outside, WATCH: self.stack.watchers}.get(part, [])
        return [name for name in names if not self._down(name)]

    def _be(self, part: str) -> None:
        """In its own process: be a part."""
        self._close_others(part)
        stack, listener = self.stack, self._listeners[part]
        if part == "llm":
            llm_part.run(stack, listener)
        elif part == "vectors":
            from pytest_llmops.sandbox import vectors_part

            vectors_part.run(stack, listener)
        elif part == "api":
            from pytest_llmops.sandbox import api_part

            api_part.run(stack, listener)
        elif part == OUTSIDE:
            from pytest_llmops.sandbox import outside_part

            outside_part.run(stack, {name: self._listeners[name] for name in (part, *self._further(part))})
        elif part == WATCH:
            from pytest_llmops.sandbox import watch_part

            watch_part.run(stack, {name: self._listeners[name] for name in (part, *self._further(part))})
        else:
            redis_part.serve_fake(listener, forgetful="redis:forgetful" in stack.faults)

    def _close_others(self, part: str) -> None:
        kept = {part, *self._further(part)}
        for other, listener in self._listeners.items():
            if other not in kept:
                listener.close()


def _await(part: str, url: str) -> None:
    """Until a part has answered a request; its socket listens already, so one request waits for it."""
    address = urlsplit(url)
    if part == "redis":
        if not redis_part.ping(address.port or 0, _START_S):
            raise LlmopsError("the part redis did not come up: it does not answer PING.")
        return
    connection = http.client.HTTPConnection(address.netloc, timeout=_START_S)
    try:
        connection.request("GET", READY)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise LlmopsError(f"the part {part} did not come up: {error}.") from error
    finally:
        connection.close()
    if status != 204:
        raise LlmopsError(f"the part {part} answered {status} when it was started.")
