"""One overall deadline for a whole HTTP call.

The library's timeouts are per read: 0.25 s let a stream of 0.59 s finish, and a name with four dead addresses took four
times as long. Here every connect, handshake, read and write may take no longer than what is left of the deadline. The
look-up of a name is not under it: the resolver takes the time that the system gives it, which counts all the same.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

import httpcore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Done = TypeVar("Done")

RECORD = 16384
"""Bytes of one TLS record (RFC 8446)."""


class Deadline(threading.local):
    """When the call that this thread is making must be over, in monotonic seconds.

    Attributes:
        until: that moment.
        handshakes: TLS handshakes begun since then: the first may be with a proxy, the next with the server behind it.
        stream: the newest connection.
        came: when the newest bytes were read, on the clock of ``time.perf_counter``.
    """

    until: float = float("inf")
    handshakes: int = 0
    stream: httpcore.NetworkStream | None = None
    came: float = 0.0

    def start(self, seconds: float) -> None:
        """A call starts now and may take so long."""
        self.until = time.monotonic() + seconds
        self.handshakes, self.stream = 0, None

    def left(self, timeout: float | None, error: type[Exception]) -> float:
        """The time that one step may take.

        Raises:
            error: nothing is left.
        """
        remaining = self.until - time.monotonic()
        if remaining <= 0:
            raise error("deadline over")
        return remaining if timeout is None else min(timeout, remaining)


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every step is cut to the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come, and note when that was."""
        found = self._inner.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))
        self._deadline.came = time.perf_counter()
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._inner.write(buffer, self._deadline.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Put TLS over the connection."""
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        self._deadline.handshakes += 1
        if self.get_extra_info("ssl_object") is not None:  # the proxy's own TLS is there already
            return TlsWithin(self, ssl_context, server_hostname)
        return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the inner stream knows of itself."""
        return self._inner.get_extra_info(info)


class TlsWithin(httpcore.NetworkStream):
    """TLS to a server through TLS to its proxy. The library's own gives each record, not the whole step, its time.

    Args:
        outer: the connection to the proxy.
        context: what counts as the server.
        host: the name that the server's certificate has to bear.
    """

    def __init__(self, outer: DeadlineStream, context: ssl.SSLContext, host: str | None) -> None:
        self._outer = outer
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=host)
        try:
            self._step(self._tls.do_handshake, httpcore.ConnectError)
        except BaseException:
            outer.close()
            raise

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._step(lambda: self._tls.read(max_bytes), httpcore.ReadError)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._step(lambda: self._tls.write(buffer), httpcore.WriteError)

    def close(self) -> None:
        """Close the connection."""
        self._outer.close()

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows of itself."""
        return self._tls if info == "ssl_object" else self._outer.get_extra_info(info)

    def _step(self, act: Callable[[], Done], failed: type[Exception]) -> Done:
        while True:
            try:
                done = act()
            except ssl.SSLWantReadError:
                self._send()
                more = self._outer.read(RECORD)
                self._came.write(more) if more else self._came.write_eof()
            except ssl.SSLError as error:
                self._send()  # the alert that says why
                raise failed(str(error)) from error
            else:
                self._send()
                return done

    def _send(self) -> None:
        if self._goes.pending:
            self._outer.write(self._goes.read())


class DeadlineBackend(httpcore.NetworkBackend):
    """Makes connections that know the deadline."""

    def __init__(self, inner: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within what is left; of several addresses each may take its share of it."""
        addresses = _addresses(host, port)
        for index, address in enumerate(addresses):
            left = self._deadline.left(timeout, httpcore.ConnectTimeout) / (len(addresses) - index)
            try:
                found = self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == addresses[-1]:
                    raise
            else:
                self._deadline.stream = DeadlineStream(found, self._deadline)
                return self._deadline.stream
        raise AssertionError("a name that resolves has an address")


def _addresses(host: str, port: int) -> list[str]:
    """The addresses of a name, in the resolver's order.

    Raises:
        httpcore.ConnectError: it has none; its cause is the resolver's error.
    """
    if "%" in host:  # an address with the name of an interface, which the resolver would drop
        return [host]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
