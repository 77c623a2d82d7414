"""A quiet HTTP server on a socket that was made before, which listens once the server can answer."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket
    from ssl import SSLContext

    from starlette.types import ASGIApp

    from pytest_llmops.sandbox.ports import Opening

_CUT = "ASGI callable returned without completing response."
"""What uvicorn says when the fault that cuts connections is at work."""

LET_GO_S = 3.0
"""How long an answer that is under way is waited for."""


class _Server(uvicorn.Server):
    """uvicorn that SIGTERM alone ends in order: no more connections are taken, and what is under way is answered.

    Args:
        config: as uvicorn wants it.
        opening: is told once requests are answered.
    """

    def __init__(self, config: uvicorn.Config, opening: Opening) -> None:
        super().__init__(config)
        self._opening = opening

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._opening.ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        signal.signal(signal.SIGTERM, self._let_go)
        yield

    def _let_go(self, *_: object) -> None:
        self.should_exit = True
        late = threading.Timer(LET_GO_S, os._exit, (0,))
        late.daemon = True
        late.start()


def serve(app: ASGIApp, opening: Opening, tls: SSLContext | None = None) -> None:
    """Serve until SIGTERM, in clear or as said. Silent, unless something breaks."""
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
    config.load()
    config.ssl = tls
    _Server(config, opening).run(sockets=[opening.socket])
