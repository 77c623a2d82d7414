"""The API's own log file, which grows with every request, in the format of the system that it stands for."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.embedded import LiveLog


class Logged:
    """Writes a line for every request, before its answer begins, so that a client that has it finds the line.

    Where the log grows by itself, too, a thread writes the lines that no request caused; it ends with the process.

    Args:
        app: what answers.
        stack: below whose folder of files the log lies.
        log: file and format.
    """

    def __init__(self, app: ASGIApp, stack: Stack, log: LiveLog) -> None:
        self._app = app
        self._texts = stack.texts
        asked = stack.asked_of("log")
        self._log = log
        self._cases = [log.cases[case] for case in asked if case in log.cases]
        self._off = "off" in asked
        if self._off:
            return
        self._path = stack.root / self._texts.written(log.file)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open()
        if log.reopen_on and "unhandled" not in asked:
            handler = signal.SIG_IGN if "deaf" in asked else self._reopen
            signal.signal(getattr(signal, f"SIG{log.reopen_on}"), handler)
        if log.every:
            threading.Thread(target=self._grow, args=(log.every,), daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if self._off or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                took_s, trace_id = time.monotonic() - began, scope.get("trace_id")
                self._write(scope["method"], scope["path"], message["status"], took_s, trace_id)
            await send(message)

        await self._app(scope, receive, noting)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def _reopen(self, *_: object) -> None:
        """Go on in the file that now has the name; a line that is being written goes whole into one of the two."""
        opened = self._open()
        os.dup2(opened, self._file)
        os.close(opened)

    def _grow(self, every_s: float) -> None:
        while True:
            time.sleep(every_s)
            self._write("JOB", "background", 200, every_s, "")

    def _write(self, method: str, path: str, status: int, took_s: float, trace_id: object) -> None:
        failed = status >= 500
        level = "ERROR" if failed else "INFO"
        template = self._log.failed if failed and self._log.failed is not None else self._log.line
        values = {
            "level": level,
            "severity": level.lower(),
            "message": f"{method} {path} {status}",
            "method": method,
            "path": path,
            "status": status,
            "duration_ms": f"{took_s * 1000:.1f}",
            "trace_id": trace_id or uuid4(),
        }
        for text in self._cases or [template]:
            if text:
                os.write(self._file, self._texts.written(text, values).encode() + b"\n")
