"""Answers that come in pieces, break off, or never come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message, Receive, Scope, Send


class Cut(Exception):
    """The fault that cuts a connection."""


class Streamed:
    """An answer in pieces; raising `Cut` cuts the connection where it stands. Headers leave with the first piece."""

    def __init__(self, pieces: AsyncIterator[str], media_type: str) -> None:
        self._pieces = pieces
        self._media_type = media_type

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer a request."""
        started = False
        try:
            async for piece in self._pieces:
                if not started:
                    started = True
                    await send(_start([(b"content-type", self._media_type.encode())]))
                await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        except Cut:
            return
        await send({"type": "http.response.body"})


class CutOff:
    """An answer that is announced and never comes: the connection is cut before its first byte."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Announce an answer and leave it at that."""
        await send(_start([(b"content-type", b"application/json"), (b"content-length", b"512")]))


class Hanging:
    """No answer at all, until the client gives up."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Wait for the client to leave."""
        while (await receive())["type"] != "http.disconnect":
            pass


def _start(headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": headers}
