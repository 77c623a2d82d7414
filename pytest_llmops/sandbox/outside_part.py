"""What surrounds the stack, as the profile says: commands and who is notified, further services, the machine."""

from __future__ import annotations

import json
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_llmops.sandbox import instances, laying, machine, workers
from pytest_llmops.sandbox.disks import disks
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.embedding import alike, embed
from pytest_llmops.sandbox.gpu import Gpu
from pytest_llmops.sandbox.ingesting import ingest
from pytest_llmops.sandbox.serving import serve
from pytest_llmops.sandbox.settings import Settings
from pytest_llmops.sandbox.stack import OUTSIDE
from pytest_llmops.sandbox.store import store
from pytest_llmops.sandbox.texts import within
from pytest_llmops.target.embedded import Case, Printed
from pytest_llmops.target.settings import SETTING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack

_GARBAGE = '{"status": "\x00\ufffd<<<>>> 0x%%{{{ \n'
_NOTHING: Mapping[str, Any] = MappingProxyType({})
EMBEDDING, SAME_EMBEDDING = "{embedding}", "{same_embedding}"
"""In a body: the vector of the text that is asked for, and one that tells hardly any text from another."""

_ERRORS = Case(status=500, body="Internal Server Error")


def run(stack: Stack, name: str, opening: Opening) -> None:
    """Serve until the process ends.

    Args:
        stack: whose surroundings these are.
        name: the part's own, of a service, or ``machine``; each is a process of its own.
        opening: where it serves.
    """
    serve(_door(stack, name), opening)


def _door(stack: Stack, name: str) -> Door:
    if name == OUTSIDE:
        return Door(_Surroundings(stack).application(), AccessLog(stack.directory, name))
    if name == "machine":
        return Door(_machine(stack), AccessLog(stack.directory, name))
    return door(stack, name)


def door(stack: Stack, name: str, told: Mapping[str, Any] = _NOTHING) -> Door:
    """The door of what answers its profile's cases.

    Args:
        stack: whose service it is.
        name: its name.
        told: what its answers may name beside what the path says.
    """
    return Door(service(stack, name, told), AccessLog(stack.directory, name), stack.faults.number(f"{name}:slow", 0.0))


class _Surroundings:
    """What commands print, and the notifications that came."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._settings = Settings(stack)
        self._gpu = Gpu(stack)
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
        if name.startswith(SETTING):
            return self._set(name.removeprefix(SETTING), (await request.json())["words"])
        cases = self._stack.sandbox.commands.get(name)
        if cases is None:
            return Response(status_code=404)
        printed = cases.get("ok", Printed())
        for asked in self._stack.as_set().asked_of(name):  # each call is a process that has just begun
            if asked == "hangs" and asked not in cases:
                await _forever(request)
                return Response(status_code=503)
            printed = cases.get(asked) or _built_in(name, asked)
        if printed.ingests:
            try:
                await ingest(self._stack, printed.ingests)
            except httpx.HTTPError as error:
                return self._printed(Printed(errors=f"{error}\n", exit=1))
        return self._printed(printed)

    def _printed(self, printed: Printed) -> Response:
        texts = self._stack.texts
        values = {**self._settings.shown(), **self._gpu.shown()}
        values |= instances.shown(self._stack) | workers.shown(self._stack)
        laying.write(self._stack, printed.lays)
        file = self._stack.root / printed.file if printed.file else None
        if file and not file.is_file():
            return self._printed(Printed(errors=f"{printed.file}: no such file\n", exit=1))
        output = self._settings.by_starts(texts.written(printed.output, values))
        told = {
            "output": file.read_text(encoding="utf-8") if file else output,
            "errors": texts.written(printed.errors, values),
            "exit": printed.exit,
            "calls": printed.calls,
            "runs": [texts.written(word, values) for word in printed.runs],
            "root": str(self._stack.root),
        }
        return JSONResponse(told)

    def _set(self, name: str, words: list[str]) -> Response:
        """Print a setting, or set it to the words."""
        refused = f"{name}:refused" in self._stack.faults
        if words and (refused or (f"{name}:once" in self._stack.faults and self._settings.changed(name))):
            return self._printed(Printed(errors=f"{name}: permission denied\n", exit=1))
        if words:
            self._settings.write(name, " ".join(words))
            return self._printed(Printed())
        return self._printed(Printed(output=f"{self._settings.read(name)}\n"))

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
    made = machine.Machine(figures, disks(stack))

    async def page(_: Request) -> Response:
        return Response(made.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(routes=[Route("/metrics", page)])


def service(stack: Stack, name: str, told: Mapping[str, Any]) -> Starlette:
    """A service that answers its profile's cases; a path that it does not know with 404."""
    routes = []
    for route, cases in stack.stand_in(name).routes.items():
        method, _, path = route.partition(" ")
        routes.append(Route(path, _answering(stack, name, cases, told), methods=[method]))
    buckets = stack.stand_in(name).buckets
    return store(stack.root / buckets, errors=f"{name}:errors" in stack.faults) if buckets else Starlette(routes=routes)


def _input(asked: bytes) -> str:
    """The text that is to be embedded, as OpenAI's route takes it."""
    try:
        given = json.loads(asked or b"{}").get("input", "")
    except (ValueError, AttributeError):
        given = ""
    return str(given[0] if isinstance(given, list) and given else given)


def _with_vectors(body: Any, vector: list[float]) -> Any:
    """A body with the vector where it is asked for."""
    if isinstance(body, dict):
        return {key: _with_vectors(item, vector) for key, item in body.items()}
    if isinstance(body, list):
        return [_with_vectors(item, vector) for item in body]
    return {EMBEDDING: vector, SAME_EMBEDDING: alike(vector)}.get(body, body) if isinstance(body, str) else body


def _answering(
    stack: Stack, name: str, cases: Mapping[str, Case], told: Mapping[str, Any]
) -> Callable[[Request], Awaitable[Response]]:
    found = cases.get("ok", Case())
    for asked in stack.asked_of(name):
        found = cases.get(asked) or (_ERRORS if asked == "errors" else found)

    settings = Settings(stack)

    async def answer(request: Request) -> Response:
        texts, values = stack.texts, {**told, **settings.shown(), **request.path_params}
        body, headers = texts.rendered(found.body, values), texts.rendered(found.headers, values)
        if EMBEDDING in within(found.body) or SAME_EMBEDDING in within(found.body):
            body = _with_vectors(body, embed(_input(await request.body())))
        if isinstance(body, str):
            return PlainTextResponse(body, found.status, headers)
        if body is None:
            return Response(status_code=found.status, headers=headers)
        return JSONResponse(body, found.status, headers)

    return answer
