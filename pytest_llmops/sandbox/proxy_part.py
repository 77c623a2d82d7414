"""A fault proxy of the stack: the API reaches one of the other parts through it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.proxy import life
from pytest_llmops.proxy.mode import PASS
from pytest_llmops.sandbox.ports import bound

if TYPE_CHECKING:
    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack


def run(stack: Stack, unit: str, opening: Opening) -> None:
    """Stand between until SIGTERM."""
    parts = urlsplit(stack.addresses[stack.behind(unit)])
    assert parts.hostname is not None
    assert parts.port is not None
    number = opening.socket.getsockname()[1]
    path = stack.socket_of(unit)
    stuck = "proxy:stuck" in stack.faults
    upstream = (parts.hostname, parts.port)

    def heeded(mode: str) -> bool:
        return not stuck or mode != PASS

    life.run(upstream, opening.socket, lambda: bound(number), path, opening.ready, heeded)
