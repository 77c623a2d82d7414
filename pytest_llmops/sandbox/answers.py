"""The bodies of the API's answers: the profile's cases, and plain ones where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from pytest_llmops.target import templates
from pytest_llmops.target.embedded import Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from pytest_llmops.sandbox.texts import Texts
    from pytest_llmops.target.embedded import Behaving, Sandbox

_SERVICES = {"vectors": "{vectors}", "llm": "{llm}", "cache": "{cache}"}
_DELETED = {"deletion_id": "{deletion}", "status": "completed"}
_INVALID = Case(status=422, body={"error": "{reason}"})

PLAIN: dict[str, dict[str, Case]] = {
    "health": {
        "ok": Case(body={"status": "healthy", "timestamp": "{now}", "version": "{version}", "services": _SERVICES}),
        "degraded": Case(
            body={"status": "degraded", "timestamp": "{now}", "version": "{version}", "services": _SERVICES}
        ),
    },
    "ready": {
        "ok": Case(body={"status": "ready"}),
        "degraded": Case(status=503, body={"status": "not ready"}),
    },
    "query": {
        "ok": Case(body={"answer": "{answer}", "sources": "{sources}", "trace_id": "{trace_id}"}),
        "blocked": Case(status=400, body={"error": "{reason}"}),
        "invalid": _INVALID,
    },
    "ingest": {"ok": Case(status=201, body={"id": "{document}", "chunks": "{chunks}"}), "invalid": _INVALID},
    "delete": {"ok": Case(status=202, body=_DELETED), "invalid": _INVALID},
    "deletion": {"ok": Case(body={**_DELETED, "user": "{user}"})},
    "audit": {"ok": Case(body={"events": "{events}"})},
    "fixed": {"ok": Case()},
    "login": {
        "ok": Case(body={"access": "{token}"}),
        "invalid": Case(status=401, body={"error": "{reason}"}),
    },
    "analyses": {"ok": Case(body={"analyses": "{analyses}"})},
    "explain": {"ok": Case(body={"answer": "{answer}"}), "invalid": Case(status=400, body={"error": "{reason}"})},
    "start": {"ok": Case(body={"job": "{job}", "status": "started"}), "invalid": _INVALID},
    "job": {"ok": Case(body={"status": "{state}", "failed": "{failed}", "successful": "{successful}"})},
}
"""Cases by behaviour, for profiles that do not say theirs."""

ERRORS: dict[str, Case] = {
    "unauthenticated": Case(status=401, body={"error": "{reason}"}),
    "forbidden": Case(status=403, body={"error": "role {role} may not {permission}"}),
    "failed": Case(status=500, body={"error": "{reason}"}),
    "not_found": Case(status=404, body={"error": "not found"}),
    "throttled": Case(status=429, body={"error": "{reason}"}, headers={"Retry-After": "{retry_after}"}),
}

LIKE = {"unknown_key": "unauthenticated", "unavailable": "failed"}
"""Errors that look like another where the profile does not tell them apart."""

"""Errors of any route, for profiles that do not say theirs."""


def case(sandbox: Sandbox, behaving: Behaving, name: str) -> Case:
    """The case of that name: the route's own, else the plain one.

    ``missing`` falls back to ``not_found``, ``unfaithful`` to ``ok``.
    """
    own = behaving.cases.get(name)
    if own is None and name == "unfaithful":
        return case(sandbox, behaving, "ok")
    if own is None and name == "missing":
        return error(sandbox, "not_found")
    return own or PLAIN[behaving.does][name]


def error(sandbox: Sandbox, name: str) -> Case:
    """The error of that name: the profile's, else the one that it is like, else the plain one."""
    like = LIKE.get(name, name)
    return sandbox.errors.get(name) or sandbox.errors.get(like) or ERRORS[like]


def respond(found: Case, values: dict[str, Any], texts: Texts, set_to: Mapping[str, str]) -> Response:
    """Fill in a case, values first and then times and settings; a body that is text is sent as such.

    Raises:
        ConfigError: it names a value that there is not.
    """
    body = texts.rendered(templates.render(found.body, values), set_to)
    headers = {name: str(templates.render(value, values)) for name, value in found.headers.items()}
    if isinstance(body, str):
        return PlainTextResponse(body, found.status, headers)
    if body is None and found.status == 204:
        return Response(status_code=204, headers=headers)
    return JSONResponse(body, found.status, headers)


def streamed(text: str) -> Response:
    """A text as server-sent events, each word one, without an end that says so; no text is no event."""

    async def events() -> AsyncIterator[str]:
        for word in text.split():
            yield f"data: {word} \n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
