"""The part ``llm``: a model server with Ollama's and OpenAI's API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from pytest_llmops.sandbox import ollama_api, openai_api
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.instances import Instances
from pytest_llmops.sandbox.model_server import ModelServer
from pytest_llmops.sandbox.serving import serve

if TYPE_CHECKING:
    from starlette.requests import Request

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack


def run(stack: Stack, opening: Opening, *, first: bool = True) -> None:
    """Serve until the process ends; one fault is of later starts."""
    begun = stack if first else started_anew(stack)
    serve(Door(Instances(app(begun), begun), AccessLog(stack.directory, "llm")), opening)


def started_anew(stack: Stack) -> Stack:
    """The same stack as a later start of the model server has it."""
    if "llm:slower-after" not in stack.faults:
        return stack
    return replace(stack, faults=stack.faults.also([f"llm:slow={stack.faults.number('llm:slower-after', 1.0)}"]))


def app(stack: Stack) -> Starlette:
    """The model server."""
    server = ModelServer(stack)

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def metrics(_: Request) -> PlainTextResponse:
        return PlainTextResponse(await server.engine.metrics(), media_type="text/plain; version=0.0.4")

    plain = [Route("/health", health), Route("/metrics", metrics)]
    return Starlette(routes=[*plain, *ollama_api.routes(server), *openai_api.routes(server)])
