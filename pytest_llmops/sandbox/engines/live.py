"""An answer that comes from a llama.cpp server, token by token."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from pytest_llmops.sandbox.engines.engine import Figures
from pytest_llmops.sandbox.refusals import terminated
from pytest_llmops.sandbox.streaming import Cut

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pytest_llmops.sandbox.engines.engine import Asked

_Event = dict[str, Any]


class _BrokenOff(Exception):
    """The server ended before the answer did."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is said in the place of what is generated.

    Attributes:
        tokens: one for each that is generated.
        reason: why the answer ends there.
    """

    tokens: list[str]
    reason: str


class Live:
    """An answer on its way.

    Args:
        response: the server's, its events unread.
        asked: the call.
        slow: how many times as long everything is made to take.
        script: what it says in the place of what is generated.
    """

    def __init__(self, response: httpx.Response, asked: Asked, slow: float, script: Script | None) -> None:
        self._response = response
        self._asked = asked
        self._slow = slow
        self._script = script
        self._ids: list[int] = []
        self._last: _Event = {}

    @property
    def figures(self) -> Figures:
        """The server's own, stretched as the answer was."""
        timings, script = self._last["timings"], self._script
        reason = "length" if self._last["stop_type"] == "limit" else "stop"
        return Figures(
            tokens=len(script.tokens) if script else self._last["tokens_predicted"],
            prompt_tokens=self._last["tokens_evaluated"],
            reason=script.reason if script else reason,
            load_s=self._slow * self._asked.load_s,
            prompt_s=self._slow * timings["prompt_ms"] / 1000,
            eval_s=self._slow * timings["predicted_ms"] / 1000,
            ids=self._ids,
        )

    async def pieces(self) -> AsyncGenerator[str, None]:
        """Each token when it comes.

        Raises:
            Cut: the server ended before the answer did.
        """
        try:
            async with aclosing(self._tokens()) as tokens:
                async for token in tokens:
                    yield token
        except _BrokenOff:
            raise Cut from None

    async def whole(self) -> str:
        """All of it when it is over.

        Raises:
            Refusal: the server ended before the answer did.
        """
        try:
            return "".join([token async for token in self._tokens()])
        except _BrokenOff:
            raise terminated() from None

    async def _tokens(self) -> AsyncGenerator[str, None]:
        script = iter(self._script.tokens) if self._script else None
        async with aclosing(self._events()) as events:
            async for event in events:
                if await self._asked.left():
                    raise Cut  # and the server stops generating, as its client has gone
                if event["stop"]:
                    self._last = event
                    return
                self._ids += event["tokens"]
                said = event["content"] if script is None else next(script, "")
                if said:
                    yield said
        raise _BrokenOff

    async def _events(self) -> AsyncGenerator[_Event, None]:
        """The server's events, each at its time or as much later as the fault has it."""
        loop, arrived = asyncio.get_running_loop(), self._asked.arrived
        read: asyncio.Queue[tuple[float, _Event] | None] = asyncio.Queue()
        reading = asyncio.create_task(self._read(read))
        try:
            while (found := await read.get()) is not None:
                at, event = found
                await asyncio.sleep(max(0.0, arrived + self._slow * (at - arrived) - loop.time()))
                yield event
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            await self._response.aclose()

    async def _read(self, into: asyncio.Queue[tuple[float, _Event] | None]) -> None:
        """Note when each event came, however slowly it is passed on. An answer that breaks off lacks its last event."""
        loop = asyncio.get_running_loop()
        try:
            with suppress(httpx.HTTPError, ValueError):
                async for line in self._response.aiter_lines():
                    event = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                    if "stop" in event:
                        into.put_nowait((loop.time(), event))
        finally:
            into.put_nowait(None)
