"""The addresses of the stack: each stays ours from start to end, whether something listens there or not."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
BACKLOG = 512

_SHARED = socket.SO_REUSEADDR if sys.platform == "linux" else socket.SO_REUSEPORT
"""By which two sockets of ours may have one address, as long as not both listen."""


class Port:
    """A TCP port of the loopback interface. Connections are refused while nobody listens, and nobody else gets it.

    Args:
        number: which; 0: a free one.
    """

    def __init__(self, number: int = 0) -> None:
        self._kept = bound(number)
        self.number: int = self._kept.getsockname()[1]

    def take(self) -> socket.socket:
        """A socket there, which does not listen yet."""
        return bound(self.number)


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a process serves, and how it says that it does.

    Attributes:
        listener: its socket, which listens once it serves; None of a process that serves nothing.
        say: the writing end of a pipe to the supervisor.
        before: what is done before that is said.
    """

    listener: socket.socket | None
    say: int
    before: Callable[[], None] = lambda: None

    def ready(self) -> None:
        """Say that it answers."""
        self.before()
        os.write(self.say, b"1")

    @property
    def socket(self) -> socket.socket:
        """The listener of a process that has one."""
        assert self.listener is not None
        return self.listener


def bound(number: int) -> socket.socket:
    """A socket at a port of the loopback interface, which does not listen yet; 0: a free one."""
    # With its protocol named: asyncio sets TCP_NODELAY on accepted connections only then.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, _SHARED, 1)
    made.bind((HOST, number))
    return made
