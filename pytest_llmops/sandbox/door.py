"""The door of a part, which every request passes: time of arrival, delay, access log."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.audit import now

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PURPOSE = re.compile(r"pytest-llmops/\S+ \((.*)\)")


class AccessLog:
    """``access.jsonl``: one line per request, from all parts, each written in one piece; also on standard output."""

    def __init__(self, directory: Path, component: str) -> None:
        self._file = os.open(directory / "access.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._component = component

    def write(self, scope: Scope, at: float, status: int) -> None:
        """Note a request; status 0 is one that was never answered."""
        agent = dict(scope["headers"]).get(b"user-agent", b"").decode("latin-1")
        found = _PURPOSE.fullmatch(agent)
        line = {
            "at": round(at, 6),
            "component": self._component,
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "purpose": found[1] if found else "",
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.write(1, f"{now()} {scope['method']} {scope['path']} {status}\n".encode())


class Door:
    """What every request to a part passes: arrival is noted, the fault's delay kept, the access log written.

    Args:
        app: what answers.
        log: where requests are noted, when their answer begins, so that a client that has it finds the line.
        delay_s: how much later every request is answered.
    """

    def __init__(self, app: ASGIApp, log: AccessLog, delay_s: float = 0.0) -> None:
        self._app = app
        self._log = log
        self._delay_s = delay_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http":
            return
        scope["arrived"] = asyncio.get_running_loop().time()
        at, noted = time.time(), False

        async def noting(message: Message) -> None:
            nonlocal noted
            if message["type"] == "http.response.start":
                noted = True
                self._log.write(scope, at, message["status"])
            await send(message)

        try:
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await self._app(scope, receive, noting)
        finally:
            if not noted:
                self._log.write(scope, at, 0)
