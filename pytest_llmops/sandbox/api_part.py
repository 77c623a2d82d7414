"""The part ``api``: the service in front, its routes built from the profile's tables."""

from __future__ import annotations

import asyncio
import math
import os
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pytest_llmops import __version__
from pytest_llmops.errors import ConfigError
from pytest_llmops.sandbox import access, answers, behaviours, leaking, tls
from pytest_llmops.sandbox.audit import Audit, now
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.faults import Faults, Share
from pytest_llmops.sandbox.guarding import Guard, readable
from pytest_llmops.sandbox.live_log import Logged
from pytest_llmops.sandbox.metrics import Metrics
from pytest_llmops.sandbox.rag import Rag
from pytest_llmops.sandbox.records import Records
from pytest_llmops.sandbox.serving import serve
from pytest_llmops.sandbox.settings import Settings
from pytest_llmops.sandbox.slots import Slots
from pytest_llmops.sandbox.streaming import Hanging
from pytest_llmops.sandbox.throttle import Throttle
from pytest_llmops.sandbox.upstream import Upstream, UpstreamFailed
from pytest_llmops.sandbox.workers import Workers
from pytest_llmops.target import templates
from pytest_llmops.target.components import Api

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.embedded import Behaving, Case
    from pytest_llmops.target.routes import Route as RouteTable

_OPEN = {"health", "ready", "fixed", "login"}
"""Behaviours that ask for no key unless the profile names a permission."""

_FAILING = {"query", "explain"}
"""Behaviours of which the faults ``api:errors``, ``api:hangs`` and ``api:leaks`` each spoil a share."""


HOARD_BYTES = 2**20
"""What the fault that lets the service hold more with each question adds each time."""

BLOAT_BYTES = 60_000_000
"""What the fault that lets the service hold more from start to start adds each time."""


def run(stack: Stack, opening: Opening, *, first: bool = True) -> None:
    """Serve until the process ends; the fault of what is never let go is one of later starts."""
    held = b"x" * (0 if first or "api:bloats" not in stack.faults else _more(stack) * BLOAT_BYTES)
    serve(door(stack), opening, tls.context(stack))
    del held


def _more(stack: Stack) -> int:
    """How often the service was started anew, this time included."""
    file = stack.directory / "api-starts"
    count = int(file.read_text(encoding="ascii")) + 1 if file.is_file() else 1
    file.write_text(f"{count}", encoding="ascii")
    return count


def door(stack: Stack) -> ASGIApp:
    """The service behind what logs and delays its requests."""
    guarded = Guard(Workers(app(stack), stack), stack)
    front = Door(guarded, AccessLog(stack.directory, "api"), stack.faults.number("api:delay", 0.0))
    return front if stack.sandbox.log is None else Logged(front, stack, stack.sandbox.log)


def app(stack: Stack) -> Starlette:
    """The service."""
    return Front(stack).application()


class Front:
    """The routes of a profile over one service."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._api = stack.components.api or Api()
        metrics = Metrics(stack)
        audit = Audit(stack)
        upstream = Upstream(stack)
        self._settings = Settings(stack)
        self._open = "api:open" in stack.faults
        self._auth = self._api.auth
        kept = "api:keeps-keys" in stack.faults
        self._roles = access.Roles(self._auth, stack.sandbox, stack.keys, kept=kept) if self._auth else None
        self._failing = Share(stack.faults.number("api:errors", 0.0))
        self._refusing = Share(stack.faults.number("api:refuses", 0.0))
        self._hanging = Share(stack.faults.number("api:hangs", 0.0))
        self._leaking = Share(stack.faults.number("api:leaks", 0.0))
        self._slots = Slots(self._places)
        self._hoard: list[bytes] = []
        limited = "throttled" in stack.sandbox.errors and "api:unlimited" not in stack.faults
        limit = self._api.rate_limit if limited else None
        limit = limit and limit.model_copy(update={"per_s": limit.per_s / stack.sandbox.compress})
        self._throttle = Throttle(limit, shut="api:throttled" in stack.faults, grudge="api:unforgiving" in stack.faults)
        rag = Rag(stack, upstream)
        self._records = Records(stack)
        self._service = behaviours.Service(
            stack, upstream, rag, audit, metrics, self._records, self._roles, self._failing
        )
        audit.write("service_started", "system")

    def application(self) -> Starlette:
        """The routes, the metrics and the answer to anything else."""
        routes = [
            Route(self._api.routes[name].path, self._answering(name, behaving), methods=[self._api.routes[name].method])
            for name, behaving in self._stack.sandbox.routes.items()
        ]
        if self._api.metrics and "api:no-metrics" not in self._stack.faults:
            routes.append(Route(self._api.metrics, self._metrics))
        return Starlette(routes=routes, exception_handlers={404: self._not_found, 500: self._crashed})

    def _places(self) -> float:
        """How many questions are worked on at a time: by a setting as it is now, where one says so, or the fault."""
        effects = [effect for effect in self._stack.sandbox.effects if effect.at_once]
        live = any(fault.startswith("api:slots") for effect in effects for fault in effect.faults)
        faults = Faults().also(self._settings.faults(at_once=True)) if live else self._stack.faults
        return faults.number("api:slots", math.inf)

    def _answering(self, name: str, behaving: Behaving) -> Callable[[Request], Awaitable[Response | Hanging]]:
        route = self._api.routes[name]

        async def answer(request: Request) -> Response | Hanging:
            if behaving.does in _FAILING and self._hanging.due():
                return Hanging()
            values = await self._values(request, route)
            try:
                response = (
                    self._throttled(request, behaving, values)
                    or self._refusal(request, behaving, values)
                    or await self._outcome(name, behaving, values)
                )
            except UpstreamFailed as error:
                values["outcome"] = "failed"
                told = {**values, "reason": str(error)}
                response = answers.streamed("") if behaving.sse else self._error("unavailable", told)
            except ConfigError as error:  # a template of the profile asks for what there is not
                response = Response(f"sandbox.routes.{name}: {error}", 500, media_type="text/plain")
            if response.status_code < 300:
                self._records.write(name, values)
            took_s = asyncio.get_running_loop().time() - request.scope["arrived"]
            self._service.metrics.request(values | _event(request, name, route.path, response.status_code, took_s))
            return response

        return answer

    async def _values(self, request: Request, route: RouteTable) -> dict[str, Any]:
        """What the request says, by the names that the profile's templates give it, and what any answer may name.

        That is ``trace_id``, ``now``, ``epoch``, ``version``, ``none``, ``reason``, ``collection`` and ``user``; a
        behaviour adds its own, an error ``reason``, and ``forbidden`` also ``role`` and ``permission``.
        """
        document = readable(await request.body())
        said = templates.read(route.params, dict(request.query_params))
        said |= templates.read(route.body, document) | request.path_params
        user = said.get("user")
        return {
            "trace_id": request.scope.setdefault("trace_id", str(uuid4())),
            "now": now(),
            "epoch": time.time(),
            "version": __version__,
            "none": None,
            "reason": "",
            "collection": self._stack.collection,
            "outcome": "refused",
            "lacking": sorted({*(route.body or {})} - {*(document if isinstance(document, dict) else {})}),
            **said,
            "user": "anonymous" if user is None else str(user),
        }

    def _throttled(self, request: Request, behaving: Behaving, values: dict[str, Any]) -> Response | None:
        """The answer to one call too many; None where it passes. Who has shown a token is under another limit."""
        given = access.presented(request, self._auth) if self._auth else None
        known = self._roles is not None and given is not None and self._roles.role(given) is not None
        known = known and "api:one-limit" not in self._stack.faults
        wait_s = self._throttle.wait_s() if behaving.throttled and not known else None
        if wait_s is None:
            return self._error("failed", {**values, "reason": "internal error"}) if self._over(behaving) else None
        told_s = min(wait_s, 1) if "api:late-retry-after" in self._stack.faults else wait_s
        told = {**values, "retry_after": told_s, "reason": f"too many calls, wait {told_s} s"}
        response = self._error("throttled", told)
        if "api:no-retry-after" in self._stack.faults:
            del response.headers["Retry-After"]
        return response

    def _over(self, behaving: Behaving) -> bool:
        """Whether a route fails since a call was one too many."""
        faults = self._stack.faults
        fails = "api:collapses" in faults or ("api:worn-out" in faults and behaving.does != "health")
        return fails and self._throttle.refused

    def _refusal(self, request: Request, behaving: Behaving, values: dict[str, Any]) -> Response | None:
        """The answer to who may not; None for who may."""
        if self._auth is None or self._roles is None or self._open:
            return None
        if behaving.does in _OPEN and behaving.permission is None:
            return None
        given = access.presented(request, self._auth)
        role = self._roles.role(given) if given else None
        if role is None:
            return self._unknown(given, values)
        ignored = "api:roles-ignored" in self._stack.faults
        if not ignored and not self._roles.may(role, behaving.permission):
            self._service.audit.write("refused", role)
            reason = f"role {role} may not {behaving.permission}"
            told = {**values, "role": role, "permission": behaving.permission, "reason": reason}
            return self._error("forbidden", told)
        return None

    def _unknown(self, given: str | None, values: dict[str, Any]) -> Response | None:
        """The answer to who shows no key, or one that nobody has."""
        if given and "api:any-key" in self._stack.faults:
            return None
        self._service.audit.write("refused", "unknown")
        reason = "invalid API key" if given else "missing API key"
        return self._error("unknown_key" if given else "unauthenticated", {**values, "reason": reason})

    async def _outcome(self, route: str, behaving: Behaving, values: dict[str, Any]) -> Response:
        if behaving.does in _FAILING and self._leaking.due():
            os.open(os.devnull, os.O_RDONLY)  # and nobody will ever close it
        if behaving.does in _FAILING and self._refusing.due():
            return self._error("throttled", {**values, "retry_after": 1, "reason": "too many calls, wait 1 s"})
        if behaving.does in _FAILING and self._failing.due():
            values["outcome"] = "failed"
            return self._error("failed", {**values, "reason": "internal error"})
        given = {**values, behaviours.MINDS: behaving.minds}
        if behaving.does in _FAILING:
            if "api:hoards" in self._stack.faults:
                self._hoard.append(b"\1" * HOARD_BYTES)  # written to, so that it is really there
            async with self._slots.taken():
                name, found = await behaviours.TABLE[behaving.does](self._service, given)
        else:
            name, found = await behaviours.TABLE[behaving.does](self._service, given)
        if behaving.does == "fixed" and self._api.routes[route].method == "POST":
            self._service.audit.write(route, values["user"])
        asked = [*self._stack.faults, *self._settings.faults(at_once=True)]
        name = next((case for case in behaving.cases if f"{route}:{case}" in asked), name)
        values.update(found, outcome=name)
        if "answer" in found:
            values["answer"] = leaking.told(str(found["answer"]), self._stack.faults)
        if behaving.sse and "answer" in found:
            return answers.streamed(values["answer"])
        return self._respond(answers.case(self._stack.sandbox, behaving, name), values)

    def _error(self, name: str, values: dict[str, Any]) -> Response:
        return self._respond(answers.error(self._stack.sandbox, name), values)

    def _respond(self, case: Case, values: dict[str, Any]) -> Response:
        if case.status >= 400 and "api:leaks-traces" in self._stack.faults:
            return PlainTextResponse(leaking.TRACE, case.status)
        return answers.respond(case, values, self._stack.texts, self._stack.began)

    async def _metrics(self, request: Request) -> Response:
        private = self._stack.sandbox.private_metrics and "api:open-metrics" not in self._stack.faults
        if private and self._auth and self._roles and not self._open:
            given = access.presented(request, self._auth)
            known = bool(given) and self._roles.role(given or "") is not None
            if not known and (refusal := self._unknown(given, {})):
                return refusal
        exposition = self._service.metrics.exposition()
        exposition += leaking.LABEL if "api:leaks-label" in self._stack.faults else b""
        return Response(exposition, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _not_found(self, request: Request, _: Exception) -> Response:
        self._service.metrics.request(_event(request, "other", "none", 404, 0.0))
        return self._error("not_found", {"reason": "not found"})

    async def _crashed(self, _: Request, __: Exception) -> Response:
        return self._error("failed", {"reason": "internal error"})


def _event(request: Request, route: str, handler: str, status: int, took_s: float) -> dict[str, Any]:
    """What metrics are told of any request."""
    return {
        "route": route,
        "handler": handler,
        "path": request.url.path,
        "method": request.method,
        "status": status,
        "status_class": f"{status // 100}xx",
        "duration_s": took_s,
    }
