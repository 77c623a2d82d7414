"""HTTP/1.1 over sockets of gevent, for the generating process alone: cheap, and with the moment of every piece.

What locust's own fast client reads a stream in is blocks, and its pool may send a call twice; here a piece is what the
socket had, and a call is sent once. The parser is that client's: llhttp, as geventhttpclient wraps it.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gevent import socket
from geventhttpclient.response import HTTPParseError, HTTPResponse

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

KEEP_ALIVE_S = 1.5
"""An idle connection is not used again after this, as of all our calls (see ``clients/http.py``)."""

BLOCK = 65536

CAME: ContextVar[float] = ContextVar("came", default=0.0)
"""When the newest piece of this greenlet's call came, or its failure, on the clock of ``time.perf_counter``."""


class BrokenOff(Exception):
    """The connection was closed before the answer was whole."""


class NotHttp(Exception):
    """What was answered is not HTTP."""


class Wire:
    """Connections to one address: as many as are needed at once, each used again where it can be.

    Args:
        url: of the component.
        context: of TLS; None where nothing is encrypted.
    """

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if context else 80)
        self.named = parts.netloc.rpartition("@")[2]
        self.base = parts.path.rstrip("/")
        self._context = context
        self._idle: list[tuple[float, Any]] = []

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes, until: float) -> Exchange:
        """Send a call, and read as far as the end of the answer's headers.

        Args:
            method: GET, POST, …
            path: below the component's url, with its query.
            headers: beside those of every call.
            body: empty for none.
            until: when the whole call has to be over, on the clock of ``time.perf_counter``.

        Raises:
            OSError: nobody could be connected to (``TimeoutError``: not in time); of TLS ``ssl.SSLError``.
            BrokenOff: the connection was closed before.
            NotHttp: something else came.
        """
        connection = self._connection(until)
        exchange = Exchange(self, connection, method, until)
        try:
            connection.settimeout(_left(until))
            connection.sendall(self._head(method, path, headers, body) + body)
            exchange.begin()
        except (ConnectionError, BrokenPipeError):
            exchange.close()
            raise BrokenOff from None
        except BaseException:
            exchange.close()
            raise
        return exchange

    def give_back(self, connection: Any) -> None:
        """A connection may be used again."""
        self._idle.append((time.perf_counter(), connection))

    def close(self) -> None:
        """Give all connections back."""
        while self._idle:
            self._idle.pop()[1].close()

    def _connection(self, until: float) -> Any:
        while self._idle:
            since, idle = self._idle.pop()
            if time.perf_counter() - since < KEEP_ALIVE_S:
                return idle
            idle.close()
        connection = socket.create_connection((self.host, self.port), _left(until))
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_hostname=self.host)
        except BaseException:
            connection.close()
            raise
        return connection

    def _head(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {self.base}{path} HTTP/1.1", f"Host: {self.named}", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Exchange:
    """One call that was sent, and its answer as it comes.

    Args:
        wire: whose connection it is.
        connection: on which it was sent.
        method: of the call.
        until: when it has to be over.
    """

    def __init__(self, wire: Wire, connection: Any, method: str, until: float) -> None:
        self._wire = wire
        self._connection = connection
        self._parser = HTTPResponse(method)
        self._until = until

    @property
    def status(self) -> int:
        """Of the answer."""
        return int(self._parser.get_code())

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer, lower-cased names."""
        return {str(name).lower(): str(value) for name, value in self._parser.items()}

    def begin(self) -> None:
        """Read as far as the end of the headers; what came of the body with them is kept."""
        while not self._parser.headers_complete or self.status < 200:
            self._read()

    def pieces(self) -> Iterator[tuple[float, bytes]]:
        """The body as it comes: each piece, and when it came; the connection is given back after the last.

        Raises:
            OSError, BrokenOff, NotHttp: as in :meth:`Wire.ask`.
        """
        try:
            while True:
                if piece := bytes(self._parser._body_buffer):  # noqa: SLF001 (its own reader is tied to its own pool)
                    del self._parser._body_buffer[:]  # noqa: SLF001
                    yield CAME.get(), piece
                if self._parser.message_complete:
                    break
                self._read()
        except ConnectionError:
            raise BrokenOff from None
        finally:
            self.close()

    def end(self) -> None:
        """End the connection, for nobody reads on (see ``clients/http.py``)."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Give the connection back where its answer is whole; else end it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        whole = self._parser.headers_complete and not self._parser.should_close() and self.status < 500
        self._wire.give_back(connection) if whole else connection.close()

    def _read(self) -> None:
        self._connection.settimeout(_left(self._until))
        data = self._connection.recv(BLOCK)
        CAME.set(time.perf_counter())
        try:
            self._parser.feed(data)
        except HTTPParseError:
            raise (NotHttp if data else BrokenOff) from None
        if not data and not self._parser.message_complete:
            raise BrokenOff


def _left(until: float) -> float:
    """Seconds that are left of a call.

    Raises:
        TimeoutError: none.
    """
    left = until - time.perf_counter()
    if left <= 0:
        raise TimeoutError
    return left
