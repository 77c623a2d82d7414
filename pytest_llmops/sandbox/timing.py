"""When a streamed answer was asked for, and when each of its tokens was written: a truth to measure clients by."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from starlette.types import Scope

    from pytest_llmops.sandbox.engines.engine import Answer, Figures


class TimingLog:
    """``tokens.jsonl``: one line per streamed answer, each written in one piece, before the end of the answer is sent.

    Times are seconds of the system's monotonic clock, which all processes of a machine share: Python's
    ``time.monotonic`` and, on Linux, ``time.perf_counter``.
    """

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / "tokens.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, scope: Scope, written: list[float]) -> None:
        """Note an answer: its route, when the request came, when the last byte of each token was handed over."""
        line = {
            "path": scope["path"],
            "arrived": round(scope["arrived"], 6),
            "written": [round(at, 6) for at in written],
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer whose tokens are noted as they are written.

    Attributes:
        of: the answer.
        scope: of its request.
        log: where it is noted.
    """

    of: Answer
    scope: Scope
    log: TimingLog

    @property
    def figures(self) -> Figures:
        """Those of the answer."""
        return self.of.figures

    async def pieces(self) -> AsyncGenerator[str, None]:
        """Each token when it comes; whoever asks for the next has written it."""
        clock, written = asyncio.get_running_loop().time, list[float]()
        try:
            async with aclosing(self.of.pieces()) as pieces:
                async for piece in pieces:
                    yield piece
                    written.append(clock())
        finally:
            self.log.write(self.scope, written)

    async def whole(self) -> str:
        """All of it when it is over; it is not noted, as nothing of it is written before."""
        return await self.of.whole()
