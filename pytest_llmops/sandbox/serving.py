"""A quiet HTTP server on a socket that was made before."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from socket import socket

    from starlette.types import ASGIApp, Receive, Scope, Send

_CUT = "ASGI callable returned without completing response."
"""What uvicorn says when the fault that cuts connections is at work."""


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the lifeline ends a part."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ByPort:
    """Several servers in one process, told apart by the port that was called.

    Args:
        ports: port to its server.
    """

    def __init__(self, ports: Mapping[int, ASGIApp]) -> None:
        self._ports = ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        await self._ports[scope["server"][1]](scope, receive, send)


def serve(app: ASGIApp, *listeners: socket) -> None:
    """Serve until the process ends. Silent, unless something breaks."""
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.getMessage() != _CUT)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )
    _Server(config).run(sockets=list(listeners))
