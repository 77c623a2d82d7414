"""What answers give away by themselves: headers, origins that may read them, errors that say too much."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit
from uuid import uuid4

from pytest_llmops.detect import stack_trace
from pytest_llmops.errors import Unsupported
from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.service import Service
    from pytest_llmops.target.load import Target

ORIGIN = "https://llmops.invalid"
"""A page of nobody: the name resolves nowhere."""

VERSIONED = re.compile(r"\w/\d+\.\d+")
"""Software and its version, as ``Server`` and ``X-Powered-By`` give them away."""

LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


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
        """Origins that may read answers in a user's name, though they are nobody's: CORS.

        Raises:
            Unsupported: there is no API, or its profile declares that every origin may.
            CallFailed: it is declared so, and not true; or no answer came.
        """
        service = self._service()
        found = []
        for origin in (ORIGIN, "null"):
            for answer in (self._plain(service, origin), self._preflight(service, origin)):
                allowed = answer.headers.get("access-control-allow-origin", "")
                with_keys = answer.headers.get("access-control-allow-credentials", "").lower() == "true"
                if with_keys and allowed in {origin, "*"}:
                    found.append(
                        f"{service.component}: {answer.asked} from the origin {origin} allows {allowed} with "
                        f"credentials; name the origins that may"
                    )
        unless_lacking(self._target, service.component, "cors", lambda: "" if found else "no foreign origin may")
        return list(dict.fromkeys(found))

    def errors(self) -> list[str]:
        """Errors that tell how the service is built: of a path, a method and a body that it does not know.

        Raises:
            Unsupported: there is no API.
            CallFailed: no answer came.
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
        return [
            f"{service.component}: {answer.asked} answered {answer.status} with a {finding.kind}: {finding.shown}"
            for answer in answers
            for finding in stack_trace.find(answer.text)[:1]
        ]

    def in_clear(self) -> list[str]:
        """Endpoints of other machines that are reached without TLS, with the keys that go there unprotected.

        Raises:
            Unsupported: all of them are on this machine, or the profile declares that they are in clear.
            CallFailed: it is declared so, and not true.
        """
        parts = self._target.table.components.configured()
        afar = {name: part for name, part in parts.items() if part.url and urlsplit(part.url).hostname not in LOCAL}
        found = [
            f"{name}: {urlsplit(part.url or '').scheme}://{urlsplit(part.url or '').hostname} is reached in clear"
            + (", and a key goes there" if part.auth else "")
            for name, part in afar.items()
            if not part.encrypted
        ]
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

    def _plain(self, service: Service, origin: str = "") -> Answer:
        asked = {"Origin": origin} if origin else None
        return service.http.call("GET", self._path(service), signed=False, headers=asked)

    def _preflight(self, service: Service, origin: str) -> Answer:
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        return service.http.call("OPTIONS", self._path(service), signed=False, headers=asked)


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
