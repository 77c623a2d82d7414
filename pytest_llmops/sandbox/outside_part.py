"""The part ``outside``: commands, further services, the machine, and who is notified, as the profile says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_llmops.sandbox import machine
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.serving import ByPort, serve
from pytest_llmops.sandbox.stack import OUTSIDE
from pytest_llmops.target.embedded import Case, Printed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from socket import socket

    from starlette.requests import Request

    from pytest_llmops.sandbox.stack import Stack

_GARBAGE = '{"status": "\x00\ufffd<<<>>> 0x%%{{{ \n'
_ERRORS = Case(status=500, body="Internal Server Error")


def run(stack: Stack, listeners: Mapping[str, socket]) -> None:
    """Serve until the process ends.

    Args:
        stack: whose surroundings these are.
        listeners: by name; each service has a port of its own.
    """
    ports = {listener.getsockname()[1]: _door(stack, name) for name, listener in listeners.items()}
    serve(ByPort(ports), *listeners.values())


def _door(stack: Stack, name: str) -> Door:
    log = AccessLog(stack.directory, name)
    if name == OUTSIDE:
        return Door(_Surroundings(stack).application(), log)
    if name == "machine":
        return Door(_machine(stack), log)
    return Door(service(stack, name), log, stack.faults.number(f"{name}:slow", 0.0))


class _Surroundings:
    """What commands print, and the notifications that came."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._notified: list[dict[str, Any]] = []

    def application(self) -> Starlette:
        routes = [
            Route("/commands/{name}", self._print, methods=["POST"]),
            Route("/notify", self._told),
            Route("/notify/{channel}", self._notify, methods=["POST"]),
            Route("/notify/{channel}", self._told),
        ]
        return Starlette(routes=routes)

    async def _print(self, request: Request) -> Response:
        name = request.path_params["name"]
        cases = self._stack.sandbox.commands.get(name)
        if cases is None:
            return Response(status_code=404)
        printed = cases.get("ok", Printed())
        for asked in self._stack.asked_of(name):
            if asked == "hangs" and asked not in cases:
                await _forever(request)
                return Response(status_code=503)
            printed = cases.get(asked) or _built_in(name, asked)
        texts = self._stack.texts
        told = {
            "output": texts.written(printed.output),
            "errors": texts.written(printed.errors),
            "exit": printed.exit,
            "calls": printed.calls,
        }
        return JSONResponse(told)

    async def _notify(self, request: Request) -> Response:
        if "notify:refused" in self._stack.faults:
            return PlainTextResponse("refused", 403)
        said = await request.body()
        kept = {
            "channel": request.path_params["channel"],
            "at": time.time(),
            "type": request.headers.get("content-type", ""),
            "body": said.decode("utf-8", "replace"),
        }
        self._notified.append(kept)
        return JSONResponse({"accepted": True})

    async def _told(self, request: Request) -> Response:
        channel = request.path_params.get("channel")
        found = [kept for kept in self._notified if channel in {None, kept["channel"]}]
        return JSONResponse({"notifications": found})


async def _forever(request: Request) -> None:
    """Until whoever asked has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _built_in(name: str, case: str) -> Printed:
    if case == "garbage":
        return Printed(output=_GARBAGE)
    return Printed(errors=f"{name}: error: it failed\n", exit=1)


def _machine(stack: Stack) -> Starlette:
    cases = stack.sandbox.machine
    figures = dict(cases.get("ok", {}))
    for case in stack.asked_of("machine"):
        figures |= cases.get(case, {})
    made = machine.Machine(figures)

    async def page(_: Request) -> Response:
        return Response(made.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(routes=[Route("/metrics", page)])


def service(stack: Stack, name: str) -> Starlette:
    """A service that answers its profile's cases; a path that it does not know with 404."""
    routes = []
    for route, cases in stack.sandbox.services[name].routes.items():
        method, _, path = route.partition(" ")
        routes.append(Route(path, _answering(stack, name, cases), methods=[method]))
    return Starlette(routes=routes)


def _answering(stack: Stack, name: str, cases: Mapping[str, Case]) -> Callable[[Request], Awaitable[Response]]:
    found = cases.get("ok", Case())
    for asked in stack.asked_of(name):
        found = cases.get(asked) or (_ERRORS if asked == "errors" else found)

    async def answer(request: Request) -> Response:
        texts, values = stack.texts, request.path_params
        body, headers = texts.rendered(found.body, values), texts.rendered(found.headers, values)
        if isinstance(body, str):
            return PlainTextResponse(body, found.status, headers)
        if body is None:
            return Response(status_code=found.status, headers=headers)
        return JSONResponse(body, found.status, headers)

    return answer
