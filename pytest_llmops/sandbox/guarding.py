"""What every request to the API passes before it is read, and every answer on its way out: headers, and weaknesses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.responses import JSONResponse, PlainTextResponse

from pytest_llmops.sandbox.streaming import Hanging

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pytest_llmops.sandbox.stack import Stack

DEEP = 50
"""Brackets that are open at a time, from which on JSON counts as nested deeply."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\\u00[01][0-9a-fA-F](?<!\\u000[9adAD])")
_PRODUCT = re.compile(r"\{\{\s*(\d{1,12})\s*\*\s*(\d{1,12})\s*\}\}")
_TRACE = """Traceback (most recent call last):
  File "/srv/app/api/routes.py", line 118, in answer
    return await handler(request)
  File "/srv/app/api/handlers.py", line 52, in handler
    raise HTTPException(status_code={status})
starlette.exceptions.HTTPException: {status}
"""


class Guard:
    """The outermost part of the API.

    Args:
        app: what answers.
        stack: whose; its faults are the weaknesses.
    """

    def __init__(self, app: ASGIApp, stack: Stack) -> None:
        self._app = app
        self._faults = stack.faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = self._sending(scope, send)
        body = await _whole(receive)
        answer = self._instead(scope, body)
        if answer is None:
            await self._app(scope, _again(body, receive), sending)
        else:
            await answer(scope, receive, sending)

    def _instead(self, scope: Scope, body: bytes) -> ASGIApp | None:
        """What answers in the API's place; None where it is asked."""
        asked = f"{scope['path']}?{unquote(scope['query_string'].decode('latin-1'))}"
        text = f"{asked} {body.decode(errors='replace')}"
        if "api:docs" in self._faults and scope["path"] in {"/docs", "/openapi.json"}:
            return JSONResponse({"openapi": "3.1.0", "info": {"title": "API"}, "paths": {}})
        if "api:debug" in self._faults and scope["path"] == "/debug":
            return PlainTextResponse("DEBUG = True\nsettings: 41 values")
        if "api:crashes-on-control" in self._faults and _CONTROL.search(text):
            return PlainTextResponse("Internal Server Error", 500)
        if "api:hangs-on-nesting" in self._faults and text.count("[") + text.count("{") > DEEP:
            return Hanging()
        if "api:runs-templates" in self._faults and (found := _PRODUCT.search(text)):
            return JSONResponse({"answer": str(int(found[1]) * int(found[2]))})
        return None

    def _sending(self, scope: Scope, send: Send) -> Send:
        """The sending of an answer with the headers that this server gives it."""
        own = self._headers(dict(scope["headers"]).get(b"origin"), secure=scope["scheme"] == "https")
        held: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal held
            if message["type"] != "http.response.start":
                if held is None:
                    await send(message)
                elif not message.get("more_body"):
                    await _traced(held, send)
                return
            message = {**message, "headers": [*message["headers"], *own]}
            if "api:debug" in self._faults and message["status"] >= 400:
                held = message
                return
            await send(message)

        return sending

    def _headers(self, origin: bytes | None, *, secure: bool) -> list[tuple[bytes, bytes]]:
        found = [(b"x-content-type-options", b"nosniff")]
        found += [(b"strict-transport-security", b"max-age=31536000")] if secure else []
        found = [] if "api:no-headers" in self._faults else found
        if "api:tells-version" in self._faults:
            found.append((b"server", b"uvicorn/0.34.0 Python/3.11.2"))
        if "api:cors-any" in self._faults and origin is not None:
            found += [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]
        return found


async def _traced(start: Message, send: Send) -> None:
    """Answer an error with how it came about."""
    body = _TRACE.format(status=start["status"]).encode()
    kept = [pair for pair in start["headers"] if pair[0] not in {b"content-length", b"content-type"}]
    plain = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({**start, "headers": [*kept, *plain]})
    await send({"type": "http.response.body", "body": body})


async def _whole(receive: Receive) -> bytes:
    """The body of a request."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The receiving of a request whose body has been read."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def readable(body: bytes) -> object:
    """The JSON of a body; None where there is none, where it is nested too deeply, or holds what no text may hold."""
    try:
        found = json.loads(body) if body else None
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    return found
