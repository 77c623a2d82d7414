"""The part ``llm``: a model server with Ollama's and OpenAI's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from pytest_llmops.sandbox import ollama_api, openai_api
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.model_server import ModelServer
from pytest_llmops.sandbox.serving import serve

if TYPE_CHECKING:
    from socket import socket

    from starlette.requests import Request

    from pytest_llmops.sandbox.stack import Stack


def run(stack: Stack, listener: socket) -> None:
    """Serve until the process ends."""
    serve(Door(app(stack), AccessLog(stack.directory, "llm")), listener)


def app(stack: Stack) -> Starlette:
    """The model server."""
    server = ModelServer(stack)

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def metrics(_: Request) -> PlainTextResponse:
        return PlainTextResponse(await server.engine.metrics(), media_type="text/plain; version=0.0.4")

    plain = [Route("/health", health), Route("/metrics", metrics)]
    return Starlette(routes=[*plain, *ollama_api.routes(server), *openai_api.routes(server)])
