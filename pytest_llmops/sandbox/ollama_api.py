"""Ollama's API, as the real server speaks it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from functools import wraps
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse
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
    from pytest_llmops.sandbox.models import Model

    Handler = Callable[[ModelServer, Request, dict[str, Any]], Awaitable[ASGIApp]]

VERSION = "0.11.4"
_NS = 1_000_000_000
_KEPT = dt.timedelta(minutes=5)
"""How long a model stays in memory after it was asked last."""
_FOR_EVER = dt.timedelta(days=292 * 365)
"""As the server says it of a model that stays: its longest time, in nanoseconds."""
_MODIFIED = "2026-01-05T09:00:00.000000000Z"


def routes(server: ModelServer) -> list[Route]:
    """All of them."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/", _alive),
        ("GET", "/api/version", _version),
        ("GET", "/api/tags", _tags),
        ("GET", "/api/ps", _ps),
        ("POST", "/api/show", _show),
        ("POST", "/api/pull", _pull),
        ("POST", "/api/copy", _copy),
        ("DELETE", "/api/delete", _delete),
        ("HEAD", "/api/blobs/{digest}", _blob),
        ("POST", "/api/generate", _generate),
        ("POST", "/api/chat", _chat),
        ("POST", "/api/embed", _embed),
        ("POST", "/api/embeddings", _embeddings),
    ]
    return [Route(path, _answering(server, handler), methods=[method]) for method, path, handler in table]


def _answering(server: ModelServer, handler: Handler) -> Callable[[Request], Awaitable[ASGIApp]]:
    """The handler with key, body and errors seen to."""
    part = server.stack.components.ollama
    auth = part.auth if part else None

    def _admitted(handler: Handler, request: Request) -> bool:
        """Whether the key is good for it, where one is asked for."""
        faults = server.stack.faults
        if "llm:keyed" in faults:
            return False
        free = "llm:deletes-open" in faults and handler in {_pull, _copy, _delete}
        return free or access.admits(request, auth, server.stack.keys)

    @wraps(handler)
    async def answer(request: Request) -> ASGIApp:
        if handler is not _alive and not _admitted(handler, request):
            return JSONResponse({"error": "unauthorized"}, 401)
        try:
            body = await request.json() if request.method in {"POST", "DELETE"} else {}
        except ValueError:
            return JSONResponse({"error": "invalid character in request body"}, 400)
        if not isinstance(body, dict):
            return JSONResponse({"error": "json: cannot unmarshal request body into an object"}, 400)
        if "llm:hang" in server.stack.faults and handler in {_generate, _chat, _embed, _embeddings}:
            return Hanging()
        try:
            return await handler(server, request, body)
        except Refusal as refusal:
            return JSONResponse({"error": str(refusal)}, refusal.status)

    return answer


async def _alive(_: ModelServer, __: Request, ___: dict[str, Any]) -> ASGIApp:
    return PlainTextResponse("Ollama is running")


async def _version(server: ModelServer, _: Request, __: dict[str, Any]) -> ASGIApp:
    return JSONResponse({} if "llm:no-version" in server.stack.faults else {"version": VERSION})


async def _tags(server: ModelServer, _: Request, __: dict[str, Any]) -> ASGIApp:
    models = [{**_entry(model), "modified_at": _MODIFIED} for model in server.models]
    return JSONResponse(await server.listing({"models": models}))


async def _ps(server: ModelServer, _: Request, __: dict[str, Any]) -> ASGIApp:
    def told(model: Model) -> dict[str, object]:
        leaves = server.asked_at(model) + (_FOR_EVER if server.stays(model) else _KEPT)
        expires = leaves.isoformat().replace("+00:00", "Z")
        return {**_entry(model), "expires_at": expires, "size_vram": model.size, "context_length": model.context}

    return JSONResponse({"models": [told(model) for model in server.held]})


def _entry(model: Model) -> dict[str, object]:
    """A model in a list; as with the real server its name carries a tag."""
    name = model.name if ":" in model.name else f"{model.name}:latest"
    return {"name": name, "model": name, "size": model.size, "digest": model.digest, "details": model.details}


async def _show(server: ModelServer, _: Request, body: dict[str, Any]) -> ASGIApp:
    model = server.model(body.get("model", body.get("name")))
    return JSONResponse(
        {
            "modelfile": f"# FROM {model.name}\n\nFROM /root/.ollama/models/blobs/sha256-{model.blob}\n",
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": {} if "llm:no-details" in server.stack.faults else model.details,
            "model_info": {
                "general.architecture": model.family,
                "general.parameter_count": model.parameters,
                f"{model.family}.context_length": model.context,
                f"{model.family}.embedding_length": model.width,
            },
            "capabilities": ["embedding"] if model.embeds else ["completion"],
            "modified_at": _MODIFIED,
        }
    )


async def _pull(server: ModelServer, _: Request, body: dict[str, Any]) -> ASGIApp:
    """The newest build of a model, with its progress line by line, as it is fetched."""
    name = str(body.get("model", body.get("name")) or "")
    steps = server.shelf.pull(name)
    if not body.get("stream", True):
        last = [step async for step in steps][-1]
        return JSONResponse(last, 500 if "error" in last else 200)

    async def lines() -> AsyncIterator[str]:
        async for step in steps:
            yield json.dumps(step) + "\n"

    return Streamed(lines(), "application/x-ndjson")


async def _copy(server: ModelServer, _: Request, body: dict[str, Any]) -> ASGIApp:
    server.shelf.copy(server.model(body.get("source")), str(body.get("destination") or ""))
    return PlainTextResponse("")


async def _delete(server: ModelServer, _: Request, body: dict[str, Any]) -> ASGIApp:
    model = server.model(body.get("model", body.get("name")))
    await server.unload(model)
    server.shelf.delete(model)
    return PlainTextResponse("")


async def _blob(server: ModelServer, request: Request, _: dict[str, Any]) -> ASGIApp:
    there = {f"sha256:{model.blob}" for model in server.models[1 if "llm:blob-gone" in server.stack.faults else 0 :]}
    return PlainTextResponse("", 200 if request.path_params["digest"] in there else 404)


async def _generate(server: ModelServer, request: Request, body: dict[str, Any]) -> ASGIApp:
    prompt = str(body.get("prompt") or "")
    if not prompt:
        return await _loaded(server, body, {"response": ""})
    answer = await server.generate(request, body.get("model"), prompt, str(body.get("system") or ""), _limit(body))

    def piece(token: str) -> dict[str, Any]:
        return {"response": "", "thinking": token} if server.thinks else {"response": token}

    def end(figures: Figures) -> dict[str, Any]:
        return {**_end(server, request, figures), "context": figures.ids}

    return await _answered(body, answer, piece, end)


async def _chat(server: ModelServer, request: Request, body: dict[str, Any]) -> ASGIApp:
    messages = [message for message in body.get("messages") or [] if isinstance(message, dict)]
    if not messages:
        return await _loaded(server, body, {"message": {"role": "assistant", "content": ""}})
    *earlier, last = [str(message.get("content") or "") for message in messages]
    answer = await server.generate(request, body.get("model"), last, "\n".join(earlier), _limit(body))

    def piece(token: str) -> dict[str, Any]:
        said = {"content": "", "thinking": token} if server.thinks else {"content": token}
        return {"message": {"role": "assistant", **said}}

    def end(figures: Figures) -> dict[str, Any]:
        return _end(server, request, figures)

    return await _answered(body, answer, piece, end)


def _limit(body: dict[str, Any]) -> int | None:
    options = body.get("options")
    return limit_of(options.get("num_predict")) if isinstance(options, dict) else None


async def _loaded(server: ModelServer, body: dict[str, Any], empty: dict[str, Any]) -> ASGIApp:
    """A call without prompt loads a model, or with ``keep_alive`` 0 unloads it."""
    model = server.model(body.get("model"))
    unload = body.get("keep_alive") in {0, "0", "0s"}
    if unload:
        await server.unload(model)
    elif model.embeds:
        raise Refusal(400, "request", f'"{model.name}" does not support generate')
    else:
        await server.load(model, pinned=_for_ever(body))
    return JSONResponse({**_head(body), **empty, "done": True, "done_reason": "unload" if unload else "load"})


def _for_ever(body: dict[str, Any]) -> bool:
    """Whether a call asks that its model stay in memory."""
    return str(body.get("keep_alive", "")).startswith("-")


async def _answered(
    body: dict[str, Any],
    answer: Answer,
    piece: Callable[[str], dict[str, Any]],
    end: Callable[[Figures], dict[str, Any]],
) -> ASGIApp:
    async def lines() -> AsyncIterator[str]:
        async for token in answer.pieces():
            yield json.dumps({**_head(body), **piece(token), "done": False}) + "\n"
        yield json.dumps({**_head(body), **piece(""), **end(answer.figures)}) + "\n"

    if body.get("stream", True):
        return Streamed(lines(), "application/x-ndjson")
    try:
        text = await answer.whole()
    except Cut:
        return CutOff()
    return JSONResponse({**_head(body), **piece(text), **end(answer.figures)})


def _head(body: dict[str, Any]) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    return {"model": body.get("model"), "created_at": now}


def _end(server: ModelServer, request: Request, figures: Figures) -> dict[str, Any]:
    total = asyncio.get_running_loop().time() - request.scope["arrived"]
    counted = "llm:no-counts" not in server.stack.faults
    counts = {"prompt_eval_count": figures.prompt_tokens, "eval_count": figures.tokens} if counted else {}
    return {
        "done": True,
        "done_reason": figures.reason,
        "total_duration": int(total * _NS),
        "load_duration": int(figures.load_s * _NS),
        "prompt_eval_duration": int(figures.prompt_s * _NS),
        "eval_duration": int(figures.eval_s * _NS),
        **counts,
    }


async def _embed(server: ModelServer, request: Request, body: dict[str, Any]) -> ASGIApp:
    if body.get("input") == []:
        await server.load(server.model(body.get("model")), pinned=_for_ever(body))
        return JSONResponse({"model": body.get("model"), "embeddings": []})
    texts = texts_of(body.get("input"))
    vectors, load_s = await server.embed(request, body.get("model"), texts)
    total = asyncio.get_running_loop().time() - request.scope["arrived"]
    answer = {
        "model": body.get("model"),
        "embeddings": vectors,
        "total_duration": int(total * _NS),
        "load_duration": int(load_s * _NS),
    }
    if "llm:no-counts" not in server.stack.faults:
        answer["prompt_eval_count"] = sum(len(words(text)) for text in texts)
    return JSONResponse(answer)


async def _embeddings(server: ModelServer, request: Request, body: dict[str, Any]) -> ASGIApp:
    vectors, _ = await server.embed(request, body.get("model"), [str(body.get("prompt") or "")])
    return JSONResponse({"embedding": vectors[0]})
