"""The API's own log file, which grows with every request, in the format of the system that it stands for."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from pytest_llmops.sandbox.door import READY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.embedded import LiveLog


class Logged:
    """Writes a line for every request, before its answer begins, so that a client that has it finds the line.

    Args:
        app: what answers.
        stack: below whose folder of files the log lies.
        log: file and format.
    """

    def __init__(self, app: ASGIApp, stack: Stack, log: LiveLog) -> None:
        self._app = app
        self._texts = stack.texts
        self._log = log
        path = stack.root / self._texts.written(log.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http" or scope["path"] == READY:
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._write(scope, message["status"], time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, noting)

    def _write(self, scope: Scope, status: int, took_s: float) -> None:
        failed = status >= 500
        level = "ERROR" if failed else "INFO"
        template = self._log.failed if failed and self._log.failed is not None else self._log.line
        values = {
            "level": level,
            "severity": level.lower(),
            "message": f"{scope['method']} {scope['path']} {status}",
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "duration_ms": f"{took_s * 1000:.1f}",
            "trace_id": scope.get("trace_id") or uuid4(),
        }
        if template:
            os.write(self._file, self._texts.written(template, values).encode() + b"\n")
