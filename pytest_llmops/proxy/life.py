"""The life of a fault proxy, and the Unix socket at which it is told its mode, or asked for it.

One line of JSON in, ``{"mode": "delay 2"}`` or ``{}``, and one out: ``{"mode": "delay 2", "connections": 3}``, or
``{"error": …}``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError
from pytest_llmops.proxy.mode import PASS, mode_of
from pytest_llmops.proxy.relay import Relay
from pytest_llmops.proxy.socket_path import LONGEST_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PATIENCE_S = 3.0
_LONGEST = 4096

_SHARED = socket.SO_REUSEADDR if sys.platform == "linux" else socket.SO_REUSEPORT
"""By which two sockets of ours may have one address, as long as not both listen."""


class Place:
    """An address that stays ours while nobody listens there.

    Args:
        host: name or address.
        port: 0: a free one.

    Raises:
        ConfigError: somebody else has it, or there is none such.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            self._kept = _bound((host, port))
        except OSError as error:
            raise ConfigError(f"a proxy cannot listen at {host}:{port}: {error.strerror}.") from error
        self.host, self.port = self._kept.getsockname()[:2]

    def take(self) -> socket.socket:
        """A socket there, which does not listen yet."""
        return _bound((self.host, self.port))

    def close(self) -> None:
        """Let others have it."""
        self._kept.close()


def run(
    upstream: tuple[str, int],
    listener: socket.socket,
    again: Callable[[], socket.socket],
    path: Path,
    ready: Callable[[], object],
    heeded: Callable[[str], bool] = lambda _mode: True,
) -> None:
    """Stand between, and let all pass until told otherwise; SIGTERM and Ctrl-C end it.

    Args:
        upstream: host and port of whoever answers.
        listener: where connections are taken.
        again: gives another such socket once that was closed.
        path: of the socket at which the mode is told; its owner's alone.
        ready: is called once connections are taken.
        heeded: whether a mode is done, and not only said to be.

    Raises:
        ConfigError: there can be no socket of that path.
    """
    told_at = _told_at(path)
    try:
        asyncio.run(_live(Relay(*upstream, listener, again), told_at, ready, heeded))
    finally:
        path.unlink(missing_ok=True)


async def _live(
    relay: Relay, told_at: socket.socket, ready: Callable[[], object], heeded: Callable[[str], bool]
) -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    told = PASS

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal told
        try:
            line = await asyncio.wait_for(reader.readline(), _PATIENCE_S)
            try:
                asked = json.loads(line).get("mode")
                if asked is not None:
                    mode = mode_of(str(asked))
                    if heeded(mode.kind):
                        await relay.tell(mode)
                    told = mode.text
                said: Mapping[str, Any] = {"mode": told, "connections": relay.connections}
            except (ConfigError, ValueError, AttributeError, OSError) as error:
                said = {"error": str(error)}
            writer.write(json.dumps(said).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):  # who does not wait for the answer, or never asks, gets none
            return
        finally:
            writer.close()

    await relay.start()
    server = await asyncio.start_unix_server(visited, sock=told_at, limit=_LONGEST)
    try:
        ready()
        await over.wait()
    finally:
        server.close()


def _told_at(path: Path) -> socket.socket:
    """The socket of that path, which no other proxy has."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ConfigError(f"a socket's path has at most {LONGEST_PATH} bytes, and {path} has more; choose another.")
    if path.is_socket():
        with socket.socket(socket.AF_UNIX) as visitor:
            if visitor.connect_ex(str(path)) == 0:
                raise ConfigError(f"another proxy is told its mode at {path}: end that, or name another socket.")
        path.unlink()  # of one that was killed
    made = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        made.bind(str(path))
    except OSError as error:
        made.close()
        raise ConfigError(f"a proxy cannot be told its mode at {path}: {error.strerror}.") from error
    finally:
        os.umask(before)
    return made


def _bound(address: tuple[str, int]) -> socket.socket:
    family, kind, protocol, _, found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, _SHARED, 1)
        made.bind(found)
    except OSError:
        made.close()
        raise
    return made


def ask(path: str, mode: str | None, within_s: float) -> dict[str, Any]:
    """Tell a proxy its mode, or ask for it.

    Args:
        path: of its socket.
        mode: None: it is only asked.
        within_s: deadline of each wait.

    Returns:
        What it says: ``mode`` and ``connections``, or ``error``.

    Raises:
        OSError: nobody answers there, or not in time.
        ValueError: what answers is no proxy.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(within_s)
        connection.connect(path)
        connection.sendall(json.dumps({} if mode is None else {"mode": mode}).encode() + b"\n")
        with connection.makefile("rb") as answer:
            said: dict[str, Any] = json.loads(answer.readline())
    return said
