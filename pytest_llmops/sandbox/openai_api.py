"""OpenAI's API, as compatible servers speak it."""

from __future__ import annotations

import base64
import json
import struct
import time
from functools import partial, wraps
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import JSONResponse
from starlette.routing import Route

from pytest_llmops.sandbox import access
from pytest_llmops.sandbox.refusals import Refusal, limit_of, texts_of
from pytest_llmops.sandbox.streaming import Cut, CutOff, Hanging, Streamed
from pytest_llmops.sandbox.wording import words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from pytest_llmops.sandbox.engines.engine import Answer, Figures
    from pytest_llmops.sandbox.model_server import ModelServer

    Handler = Callable[[ModelServer, Request, dict[str, Any]], Awaitable[ASGIApp]]

_CREATED = 1_767_600_000
_ERRORS = {
    "model": ("invalid_request_error", "model_not_found"),
    "request": ("invalid_request_error", None),
    "key": ("invalid_request_error", "invalid_api_key"),
    "server": ("server_error", None),
}


def routes(server: ModelServer) -> list[Route]:
    """All of them."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/v1/models", _models),
        ("POST", "/v1/chat/completions", _chat),
        ("POST", "/v1/completions", _complete),
        ("POST", "/v1/embeddings", _embeddings),
    ]
    return [Route(path, _answering(server, handler), methods=[method]) for method, path, handler in table]


def _answering(server: ModelServer, handler: Handler) -> Callable[[Request], Awaitable[ASGIApp]]:
    """The handler with key, body and errors seen to."""
    part = server.stack.components.openai
    auth = part.auth if part else None

    @wraps(handler)
    async def answer(request: Request) -> ASGIApp:
        try:
            if "llm:keyed" in server.stack.faults or not access.admits(request, auth, server.stack.keys):
                return _refused(Refusal(401, "key", "Incorrect API key provided."))
            body = await _body(request) if request.method == "POST" else {}
            if "llm:hang" in server.stack.faults and handler is not _models:
                return Hanging()
            return await handler(server, request, body)
        except Refusal as refusal:
            return _refused(refusal)

    return answer


def _refused(refusal: Refusal) -> ASGIApp:
    kind, code = _ERRORS[refusal.kind]
    error = {"message": str(refusal), "type": kind, "param": None, "code": code}
    return JSONResponse({"error": error}, refusal.status)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise Refusal(400, "request", "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "request", "The JSON body of your request is not an object.")
    return body


async def _models(server: ModelServer, _: Request, __: dict[str, Any]) -> ASGIApp:
    listed = [
        {"id": model.name, "object": "model", "created": _CREATED, "owned_by": "library"} for model in server.models
    ]
    return JSONResponse(await server.listing({"object": "list", "data": listed}))


async def _chat(server: ModelServer, request: Request, body: dict[str, Any]) -> ASGIApp:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "request", "Missing required parameter: 'messages'.")
    *earlier, last = [_content(message) for message in messages]
    asked = body.get("max_completion_tokens")
    limit = limit_of(body.get("max_tokens") if asked is None else asked)
    answer = await server.generate(request, body.get("model"), last, "\n".join(earlier), limit)
    return await _answered(server, body, answer, "chat.completion", chat=True)


def _content(message: Any) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


async def _complete(server: ModelServer, request: Request, body: dict[str, Any]) -> ASGIApp:
    prompt = body.get("prompt")
    text = "\n".join(map(str, prompt)) if isinstance(prompt, list) else str(prompt or "")
    answer = await server.generate(request, body.get("model"), text, "", limit_of(body.get("max_tokens")))
    return await _answered(server, body, answer, "text_completion", chat=False)


async def _answered(server: ModelServer, body: dict[str, Any], answer: Answer, kind: str, *, chat: bool) -> ASGIApp:
    counted = "llm:no-counts" not in server.stack.faults
    head = {
        "id": f"{'chatcmpl' if chat else 'cmpl'}-{uuid4().hex[:24]}",
        "object": kind,
        "created": int(time.time()),
        "model": body.get("model"),
        "system_fingerprint": "fp_harbour",
    }
    if body.get("stream"):
        options = body.get("stream_options")
        wanted = isinstance(options, dict) and bool(options.get("include_usage")) and counted
        head["object"] = "chat.completion.chunk" if chat else kind
        return Streamed(_events(head, answer, partial(_said, server), chat=chat, usage=wanted), "text/event-stream")
    try:
        text = await answer.whole()
    except Cut:
        return CutOff()
    said = (
        {"message": {"role": "assistant", **_said(server, text)}} if chat else {"text": _said(server, text)["content"]}
    )
    choice = {"index": 0, **said, "logprobs": None, "finish_reason": answer.figures.reason}
    return JSONResponse({**head, "choices": [choice], **({"usage": _usage(answer.figures)} if counted else {})})


def _said(server: ModelServer, text: str) -> dict[str, str]:
    """A text as a message, or a delta of one, has it."""
    return {"content": "", "reasoning_content": text} if server.thinks else {"content": text}


async def _events(
    head: dict[str, Any], answer: Answer, said: Callable[[str], dict[str, str]], *, chat: bool, usage: bool
) -> AsyncIterator[str]:
    """The events of a stream: a role without content at once, the tokens, the end, the usage where it is wanted."""

    def event(choices: list[dict[str, Any]], **more: object) -> str:
        # With include_usage every chunk but the last carries a null usage.
        empty = {"usage": None} if usage and not more else {}
        return f"data: {json.dumps({**head, 'choices': choices, **empty, **more})}\n\n"

    def choice(delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        part = {"delta": delta} if chat else {"text": delta.get("content", "")}
        return {"index": 0, **part, "logprobs": None, "finish_reason": reason}

    if chat:
        yield event([choice({"role": "assistant", "content": ""}, None)])
    async for token in answer.pieces():
        yield event([choice(said(token), None)])
    yield event([choice({}, answer.figures.reason)])
    if usage:
        yield event([], usage=_usage(answer.figures))
    yield "data: [DONE]\n\n"


def _usage(figures: Figures) -> dict[str, int]:
    read, said = figures.prompt_tokens, figures.tokens
    return {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said}


async def _embeddings(server: ModelServer, request: Request, body: dict[str, Any]) -> ASGIApp:
    texts = texts_of(body.get("input"))
    vectors, _ = await server.embed(request, body.get("model"), texts)
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(vectors)
    ]
    read = sum(len(words(text)) for text in texts)
    usage = {} if "llm:no-counts" in server.stack.faults else {"usage": {"prompt_tokens": read, "total_tokens": read}}
    return JSONResponse({"object": "list", "data": data, "model": body.get("model"), **usage})


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
