"""The part ``redis``: redis-server where it is installed, else fakeredis' server (which knows no INFO)."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.sandbox.lifeline import die_with_parent
from pytest_llmops.sandbox.ports import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack

FAKE = "LLMOPS_SANDBOX_REDIS"
"""Set to ``fake``, this environment variable chooses fakeredis although redis-server is installed."""

_BEGINNING = 1024
"""Bytes of a connection within which the password stands, if it is sent at all."""

_START_S = 30.0
_SAVES = "3600 1 300 100 60 10000"
"""As redis-server does by itself: what it holds is on disk once it ends in order, and lost since the last time else."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who may use the server.

    Attributes:
        user, password: the only account; empty where nobody needs one.
        open: whether anybody else is let in all the same.
    """

    user: str = ""
    password: str = ""
    open: bool = False

    @classmethod
    def of(cls, stack: Stack) -> Account:
        """The one that the target's key is, a pair with a colon between."""
        part = stack.components.redis
        user, _, password = (stack.keys[part.auth.variable] if part and part.auth else "").partition(":")
        return cls(user, password, "redis:open" in stack.faults)

    @property
    def settings(self) -> str:
        """As lines of redis-server's configuration."""
        if not self.password:
            return ""
        others = "on nopass ~* &* +@all" if self.open else "off"
        return f"user {self.user} on >{self.password} ~* &* +@all\nuser default {others}\n"


def server(stack: Stack, opening: Opening) -> RedisServer | None:
    """The redis-server to start; None where fakeredis stands in."""
    program = None if os.environ.get(FAKE) == "fake" else shutil.which("redis-server")
    if program is None or "redis:forgetful" in stack.faults:
        return None
    return RedisServer(program, stack.directory / "redis", opening, Account.of(stack))


class RedisServer:
    """A redis-server on the loopback interface, kept until it ends.

    Args:
        executable: the program.
        folder: where it keeps what it holds.
        opening: where it serves; the server listens there itself.
        account: who may use it.
    """

    def __init__(self, executable: str, folder: Path, opening: Opening, account: Account) -> None:
        self._executable = executable
        self._folder = folder
        self._opening = opening
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start it, and stay until it ends; SIGTERM is handed on.

        Raises:
            LlmopsError: it did not come up.
        """
        port = self._opening.socket.getsockname()[1]
        self._opening.socket.close()
        self._folder.mkdir(exist_ok=True)
        self._process = self._start(port)
        signal.signal(signal.SIGTERM, self._hand_on)
        if not self._answers(port):
            raise LlmopsError(f"{self._executable} did not answer on port {port} within {_START_S:g} s.")
        self._opening.ready()
        self._process.wait()

    def end(self) -> None:
        """Stop it; nothing is kept."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _hand_on(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        options = {"port": str(port), "bind": HOST, "save": _SAVES, "appendonly": "no", "dir": str(self._folder)}
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        process = subprocess.Popen(  # noqa: S603 - the path comes from PATH, the arguments from here
            [self._executable, "-", *arguments],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, prepared before the fork
        )
        assert process.stdin is not None
        with process.stdin as configuration:  # a password among the arguments would be seen by everybody
            configuration.write(self._account.settings.encode())
        return process

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + _START_S
        while self._process and self._process.poll() is None and time.monotonic() < deadline:
            if _ping(port, 0.5):
                return self._process.poll() is None
            time.sleep(0.005)
        self.end()
        return False


def _ping(port: int, within_s: float) -> bool:
    """Whether a Redis server answers on a port of the loopback interface."""
    try:
        with socket.create_connection((HOST, port), timeout=within_s) as connection:
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def serve_fake(opening: Opening, account: Account, *, forgetful: bool) -> None:
    """Serve fakeredis on a socket until this process ends."""
    from fakeredis import FakeStrictRedis, TcpFakeServer

    listener = opening.socket
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
    if account.password:
        keeper = FakeStrictRedis(server=server.fake_server)
        passwords = [f"+{account.password}"]
        keeper.acl_setuser(account.user, enabled=True, passwords=passwords, commands=["+@all"], keys=["*"])
        if not account.open:
            server.RequestHandlerClass = _asking(server.RequestHandlerClass, account.password)
    server.server_activate()
    opening.ready()
    server.serve_forever(poll_interval=0.5)


def _asking(handler: Any, password: str) -> Any:
    """A handler of connections that serves none but those which begin with the password: fakeredis asks for none."""

    def setup(self: Any) -> None:
        handler.setup(self)
        select.select([self.connection], [], [])
        if password.encode() not in self.connection.recv(_BEGINNING, socket.MSG_PEEK):
            self.wfile.write(b"-NOAUTH Authentication required.\r\n")
            self.connection.shutdown(socket.SHUT_RDWR)

    return type("Asking", (handler,), {"setup": setup})
