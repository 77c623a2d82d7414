"""What answers give away by themselves: headers, origins that may read them, errors that say too much."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit
from uuid import uuid4

from pytest_llmops.detect import stack_trace
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security.access import nothing, path_of_nothing
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.target.proxies import loopback
from pytest_llmops.target.templates import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.service import Service
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.routes import Route

ORIGIN = "https://llmops.invalid"
"""A page of nobody: the name resolves nowhere."""

VERSIONED = re.compile(r"\w/\d+\.\d+")
"""Software and its version, as ``Server`` and ``X-Powered-By`` give them away."""

ORIGINS = (ORIGIN, "null")
"""Origins that are nobody's: ``null`` is that of any page within a sandboxed frame."""

ASKING = ("query", "explain")
"""Routes that read, whatever their method."""

STATES = ("health", "ready")
"""Routes that tell how a service is, and hold nobody's data."""


class Disclosure:
    """The answers of the API, as anybody gets them.

    Args:
        target: the deployment.
        client: the client of a component.
    """

    def __init__(self, target: Target, client: Callable[[str], object]) -> None:
        self._target = target
        self._client = client

    def headers(self) -> list[str]:
        """Headers that are lacking, or say too much; of the health route, or of the first page.

        Raises:
            Unsupported: there is no API, or its profile declares that it sets no headers.
            CallFailed: it is declared so, and nothing is lacking; or no answer came.
        """
        service = self._service()
        answer = self._plain(service)
        found = [f"{service.component}: {answer.asked} {said}" for said in _lacking(answer, service.http.url)]
        said = "" if found else "none is lacking"
        unless_lacking(self._target, service.component, "headers", lambda: said)
        return found

    def origins(self) -> list[str]:
        """Foreign pages that may read answers: CORS, of each route that reads.

        With a browser's credentials, an origin that is echoed, ``null`` too, lets any page read in the name of whoever
        is logged in; ``*`` does not, for browsers refuse the two together. Where the API asks nobody for a key, so that
        the network alone keeps others away, an origin that is echoed and ``*`` let any page read that somebody inside
        opens.

        Raises:
            Unsupported: there is no API, or its profile declares that every origin may.
            CallFailed: it is declared so, and not true; or no answer came, or a 429 or 5xx, which tells nothing of it.
        """
        service = self._service()
        readable: dict[tuple[str, str], list[str]] = {}
        untold = []
        for origin in ORIGINS:
            for route, answer in self._read(service, origin):
                by_network = service.config.auth is None and route not in STATES
                if said := _readable(answer, origin, by_network=by_network):
                    readable.setdefault((origin, said), []).append(answer.asked)
                elif answer.status == 429 or answer.status >= 500:
                    untold.append(answer)
        found = [
            f"{service.component}: from the origin {origin} {said}: {', '.join(asked)}"
            for (origin, said), asked in readable.items()
        ]
        if untold and not found:
            answer = untold[0]
            said = (
                f"{service.component}: whether pages of others may read answers cannot be told: {answer.asked} answered"
            )
            raise CallFailed(service.component, answer.failure, f"{said} {answer.status}; see why, and look again.")
        unless_lacking(self._target, service.component, "cors", lambda: "" if found else "no foreign origin may")
        return found

    def errors(self) -> list[str]:
        """Errors that tell how the service is built: of a path, a method and a body that it does not know.

        Raises:
            Unsupported: there is no API.
            CallFailed: no answer came; or one of them was turned away (429, 502, 503, 504), and none of the others
                tells anything.
        """
        service = self._service()
        paths = [route.path for route in service.config.routes.values() if "{" not in route.path]
        first = next(iter(paths), "/")
        bodied = next((route for route in service.config.routes.values() if route.body is not None), None)
        answers = [
            service.http.call("GET", f"/llmops-no-such-page-{uuid4().hex}"),
            service.http.call("PROPFIND", first),
        ]
        if bodied is not None and "{" not in bodied.path and bodied.method != "DELETE":
            answers.append(service.http.call(bodied.method, bodied.path, content=b'{"llmops": '))
        found = [
            f"{service.component}: {answer.asked} answered {answer.status} with a {finding.kind}: {finding.shown}"
            for answer in answers
            for finding in stack_trace.find(answer.text)[:1]
        ]
        untold = next((answer for answer in answers if answer.turned_away), None)
        if untold is not None and not found:
            said = f"{service.component}: whether errors tell of the code cannot be told: {untold.asked} answered"
            raise CallFailed(service.component, untold.failure, f"{said} {untold.status}; see why, and look again.")
        return found

    def in_clear(self) -> list[str]:
        """Endpoints of other machines that are reached without TLS, with the keys that go there unprotected.

        Raises:
            Unsupported: all of them are on this machine, or the profile declares that they are in clear.
            CallFailed: it is declared so, and not true.
        """
        parts = self._target.table.components.configured().values()
        afar = any(part.url and not loopback(part.url) for part in parts)
        found = sent_in_clear(self._target)
        unless_lacking(self._target, "target", "tls", lambda: "" if found or not afar else "all of it is encrypted")
        if not afar:
            raise Unsupported(f"target {self._target.name} has no endpoint on another machine.")
        return found

    def _service(self) -> Service:
        if self._target.table.components.api is None:
            raise Unsupported(f"target {self._target.name} has no component api.")
        return cast("Service", self._client("api"))

    def _path(self, service: Service) -> str:
        health = service.config.health
        return service.route(health.route).path if health and health.route in service.config.routes else "/"

    def _plain(self, service: Service) -> Answer:
        return service.http.call("GET", self._path(service), signed=False)

    def _read(self, service: Service, origin: str) -> Iterator[tuple[str, Answer]]:
        """Each route that reads, by its name, as a browser asks it from a page of that origin; none changes anything.

        What is sent as JSON a browser asks for leave first; that is what is asked here, and no question after it.
        """
        reading = {name: route for name, route in service.config.routes.items() if _reads(name, route)}
        for name, route in reading.items():
            path, asked = path_of_nothing(route), {**route.headers, "Origin": origin}
            if route.method == "GET":
                query = render(route.params, nothing(route))
                yield (
                    name,
                    service.http.call("GET", path, query=query, role=route.role, signed=route.signed, headers=asked),
                )
            else:
                asked |= {"Access-Control-Request-Method": route.method}
                asked |= {"Access-Control-Request-Headers": "content-type"}
                yield name, service.http.call("OPTIONS", path, signed=False, headers=asked)
        if not reading:
            yield "", service.http.call("GET", "/", signed=False, headers={"Origin": origin})


def sent_in_clear(target: Target) -> list[str]:
    """The components that are called over a network without TLS, a sentence each, without its full stop.

    What is on this machine alone is left out: nobody else sees it.
    """
    parts = target.table.components.configured()
    urls = {name: part.url for name, part in parts.items() if part.url and not part.encrypted}
    return [
        f"{name}: {urlsplit(url).scheme}://{urlsplit(url).hostname} is reached in clear"
        + (", and a key goes there" if parts[name].auth else "")
        for name, url in urls.items()
        if not loopback(url)
    ]


def disclosure_calls(target: Target) -> dict[str, dict[str, int]]:
    """How many calls each method of `Disclosure` makes: the method to ``component.method`` to calls."""
    api = target.table.components.api
    reading = sum(_reads(name, route) for name, route in api.routes.items()) if api else 0
    return {
        "headers": {"api.call": 1},
        "origins": {"api.call": len(ORIGINS) * (reading or 1)},
        "errors": {"api.call": 3},
        "in_clear": {},
    }


def _reads(name: str, route: Route) -> bool:
    """Whether a route is there to be read: by GET, or as one that asks."""
    return route.method == "GET" or name in ASKING


def _readable(answer: Answer, origin: str, *, by_network: bool) -> str:
    """Why a page of that origin may read what it should not; empty where it may not."""
    allowed = answer.headers.get("access-control-allow-origin", "").strip()
    with_credentials = answer.headers.get("access-control-allow-credentials", "").strip() == "true"
    if allowed == origin and with_credentials:
        return "any page reads as who is logged in (it is allowed, with credentials); name the origins that may"
    if allowed in {origin, "*"} and by_network:
        return (
            f"any page reads that somebody inside opens ({allowed}, and no key is asked for); name the origins that may"
        )
    return ""


def _lacking(answer: Answer, url: str) -> list[str]:
    """What is wrong with an answer's headers, a sentence each, without its beginning."""
    headers, found = answer.headers, []
    if headers.get("x-content-type-options", "").lower() != "nosniff":
        found.append("answers without X-Content-Type-Options: nosniff; a browser may take JSON for a page")
    if url.startswith("https:") and "strict-transport-security" not in headers:
        found.append("answers without Strict-Transport-Security; a browser may come in clear the next time")
    html = headers.get("content-type", "").startswith("text/html")
    framed = "x-frame-options" in headers or "frame-ancestors" in headers.get("content-security-policy", "")
    if html and not framed:
        found.append("is a page that any other may put in a frame; set Content-Security-Policy: frame-ancestors")
    told = [name for name in ("server", "x-powered-by") if VERSIONED.search(headers.get(name, ""))]
    return found + [f"names its software and version in {name}: {headers[name]}; leave that out" for name in told]
