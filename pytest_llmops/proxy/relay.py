"""Passes bytes between who asks and who answers, as the mode says; a new mode holds at once, for what is open too."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmops.proxy.mode import BANDWIDTH, BLACKHOLE, DELAY, REFUSE, RESET, Mode, mode_of

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65536
_UNDER_WAY = 256
"""So many chunks of an answer wait at most; behind them whoever answers has to wait."""

_AT_ONCE = 10
"""With a bandwidth, so many pieces pass in a second."""

_RESETS = struct.pack("ii", 1, 0)


class Relay:
    """Takes connections at one address and makes one to another for each.

    Args:
        host: of whoever answers.
        port: of whoever answers.
        listener: where connections are taken; it is bound, and need not listen yet.
        again: gives such a socket at the same address, once the first was closed.
    """

    def __init__(self, host: str, port: int, listener: socket.socket, again: Callable[[], socket.socket]) -> None:
        self._upstream = (host, port)
        self._listener: socket.socket | None = listener
        self._again = again
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._changed = asyncio.Event()
        self.mode: Mode = mode_of("pass")

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def start(self) -> None:
        """Take connections."""
        taken, self._listener = self._listener or self._again(), None
        self._server = await asyncio.start_server(self._connected, sock=taken, backlog=512)

    async def tell(self, mode: Mode) -> None:
        """Do as that mode says from here on.

        Raises:
            OSError: connections cannot be taken again; the mode is as it was.
        """
        if mode.kind == REFUSE:
            self._leave()
        elif self._server is None:
            await self.start()
        self.mode = mode
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None
        for connection in list(self._open):
            connection.reset()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait so long, or until the mode is another; without a number for that alone."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    async def _connected(self, asking: asyncio.StreamReader, to_asking: asyncio.StreamWriter) -> None:
        connection = _Connection(self, to_asking)
        self._open.add(connection)
        try:
            await connection.held()
            await connection.carry(asking, *self._upstream)
        except OSError:  # one side is gone, or cannot be reached: the other sees just that
            connection.reset()
        finally:
            self._open.discard(connection)
            connection.close()


class _Connection:
    """Both halves of one connection."""

    def __init__(self, relay: Relay, to_asking: asyncio.StreamWriter) -> None:
        self._relay = relay
        self._writers = [to_asking]
        self._counted: Mode | None = None
        self._answered = 0

    async def carry(self, asking: asyncio.StreamReader, host: str, port: int) -> None:
        """Carry bytes both ways until both are at their end.

        Raises:
            OSError: a side is gone, or cannot be reached.
        """
        answering, to_answering = await asyncio.open_connection(host, port)
        self._writers.append(to_answering)
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_UNDER_WAY)
        ways = (self._ask(asking, to_answering), _arrive(answering, waiting), self._answer(waiting))
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, asking: asyncio.StreamReader, to_answering: asyncio.StreamWriter) -> None:
        while chunk := await asking.read(_CHUNK):
            await self.held()
            to_answering.write(chunk)
            await to_answering.drain()
        await self.held()
        to_answering.write_eof()

    async def _answer(self, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        to_asking = self._writers[0]
        while True:
            arrived, chunk = await waiting.get()
            await self._due(arrived)
            if not chunk:
                to_asking.write_eof()
                return
            await self._pass(chunk, to_asking)

    async def held(self) -> None:
        """Wait while nothing passes."""
        while self._relay.mode.kind == BLACKHOLE:
            await self._relay.wait()

    async def _due(self, arrived: float) -> None:
        """Wait until what has arrived at that moment may pass."""
        now = asyncio.get_running_loop().time
        while True:
            await self.held()
            mode = self._relay.mode
            left = arrived + mode.number - now() if mode.kind == DELAY else 0.0
            if left <= 0:
                return
            await self._relay.wait(left)

    async def _pass(self, chunk: bytes, to_asking: asyncio.StreamWriter) -> None:
        while chunk:
            mode = self._relay.mode
            most = len(chunk)
            if mode.kind == RESET:
                most = self._left(mode)
                to_asking.write(chunk[:most])
                if most <= len(chunk):
                    await to_asking.drain()
                    raise ConnectionResetError
            elif mode.kind == BANDWIDTH:
                most = max(1, int(1000 * mode.number / _AT_ONCE))
                to_asking.write(chunk[:most])
                await self._relay.wait(1 / _AT_ONCE)
            else:
                to_asking.write(chunk)
            self._answered += len(chunk[:most])
            chunk = chunk[most:]
            await to_asking.drain()
            await self.held()

    def _left(self, mode: Mode) -> int:
        """How many bytes may still be answered, counted since the mode is so."""
        if self._counted is not mode:
            self._counted, self._answered = mode, 0
        return int(mode.number) - self._answered

    def reset(self) -> None:
        """End it at once, and let both sides see that it was not in good order."""
        for writer in self._writers:
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
            writer.transport.abort()

    def close(self) -> None:
        """Give both sides back."""
        for writer in self._writers:
            writer.close()


async def _arrive(answering: asyncio.StreamReader, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
    """Take what is answered, with the moment at which it came; nothing at its end."""
    now = asyncio.get_running_loop().time
    while True:
        chunk = await answering.read(_CHUNK)
        await waiting.put((now(), chunk))
        if not chunk:
            return
