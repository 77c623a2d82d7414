"""The part ``redis``: redis-server where it is installed, else fakeredis' server (which knows no INFO)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError
from pytest_llmops.sandbox.lifeline import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAKE = "LLMOPS_SANDBOX_REDIS"
"""Set to ``fake``, this environment variable chooses fakeredis although redis-server is installed."""

_TRIES = 5
_START_S = 5.0


def program() -> str | None:
    """The redis-server to start; None where fakeredis stands in."""
    return None if os.environ.get(FAKE) == "fake" else shutil.which("redis-server")


class RedisServer:
    """A redis-server, started on a free port of the loopback interface and kept until this process ends."""

    def __init__(self, executable: str, directory: Path) -> None:
        self._executable = executable
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, report: Callable[[int], None]) -> None:
        """Start it, say its port, and stay until it ends.

        Raises:
            LlmopsError: it did not come up.
        """
        for _ in range(_TRIES):
            port = _free_port()
            self._process = self._start(port)
            if self._answers(port):
                report(port)
                self._process.wait()
                return
        raise LlmopsError(f"{self._executable} did not answer after {_TRIES} starts on different ports.")

    def end(self) -> None:
        """Stop it; nothing is kept."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        options = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": str(self._directory)}
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        return subprocess.Popen(  # noqa: S603 - the path comes from PATH, the arguments from here
            [self._executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, prepared before the fork
        )

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + _START_S
        while self._process and self._process.poll() is None and time.monotonic() < deadline:
            if ping(port, 0.5):
                return self._process.poll() is None
            time.sleep(0.005)
        self.end()
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ping(port: int, within_s: float) -> bool:
    """Whether a Redis server answers on a port of the loopback interface."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=within_s) as connection:
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def serve_fake(listener: socket.socket, *, forgetful: bool) -> None:
    """Serve fakeredis on a socket until this process ends."""
    from fakeredis import TcpFakeServer

    listener.setblocking(True)
    server = TcpFakeServer(listener.getsockname(), bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    if forgetful:
        store, lock = server.fake_server, server.fake_server.lock
        kind = type(store.dbs[0])
        forgetting = type("Forgetting", (kind,), {"__setitem__": lambda *_: None})
        store.dbs = defaultdict(lambda: forgetting(lock))
    server.serve_forever(poll_interval=0.5)
