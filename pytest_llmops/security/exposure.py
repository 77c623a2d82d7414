"""What stands open to anybody: model server, vectors, cache, and pages that are for their operators alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin
from uuid import uuid4

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.security.access import sent_to_log_in
from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.over_http import OverHttp
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.target.load import Target

DOCS = ("/docs", "/redoc", "/openapi.json", "/swagger-ui/", "/swagger.json", "/api/docs/", "/api/schema/", "/graphql")
"""Where frameworks serve the documentation of an API's routes."""

DEBUG = (
    "/debug",
    "/debug/pprof/",
    "/debug/vars",
    "/__debug__/",
    "/console",
    "/actuator/env",
    "/actuator/heapdump",
    "/.env",
    "/.git/config",
    "/server-status",
    "/phpinfo.php",
)
"""Where debuggers, dumps and files that were left lying are served."""

SHUT = frozenset({401, 403, 404, 405})
"""Statuses of a server, or of a proxy before it, that lets nobody do that; 404 in other words than the server's."""

ABSENT = frozenset({404, 405})
"""Those of them by which a server also says that there is no such page, whoever asks."""


class Exposure:
    """What anybody may do, by calls that show no key and change nothing.

    Args:
        target: the deployment.
        client: the client of a component, whether or not it has passed preflight.
    """

    def __init__(self, target: Target, client: Callable[[str], object]) -> None:
        self._target = target
        self._client = client

    def models(self) -> list[str]:
        """Whether anybody may delete models: a model is to be deleted whose name cannot be one that is there.

        Raises:
            Unsupported: there is no Ollama server, or it is declared to ask for no key, and asks for none.
            CallFailed: it is declared so, and asks for one; or no answer came, or one that tells neither, as 503 and
                most redirects do.
        """
        ollama = self._over_http("ollama")
        name = f"llmops-no-such-model-{uuid4().hex}"
        answer = ollama.http.call("DELETE", "/api/delete", body={"model": name}, signed=False)
        found = _looked_for_model(answer, name)
        if not found:
            _require_refusal(answer, "delete models")
        said = "" if found else f"{answer.asked} without a key answered {answer.status}"
        unless_lacking(self._target, "ollama", "ollama_key", lambda: said)
        told = (
            f"ollama: anybody may delete models: {answer.asked} of one that is not there answered {answer.status}, "
            f"without a key; let a proxy pass only what generates, or listen where only the service gets"
        )
        return [told] if found else []

    def vectors(self) -> list[str]:
        """Whether anybody may read and delete collections: one is to be deleted whose name cannot be there.

        Raises:
            Unsupported, CallFailed: as of :meth:`models`.
        """
        qdrant = self._over_http("qdrant")
        name = f"llmops-no-such-collection-{uuid4().hex}"
        asked = {"read": ("GET", "/collections"), "delete": ("DELETE", f"/collections/{name}")}
        answers = {word: qdrant.http.call(*words, signed=False) for word, words in asked.items()}
        may = {word: answer for word, answer in answers.items() if _is_of_qdrant(answer, name)}
        if not may:
            for word, answer in answers.items():
                _require_refusal(answer, f"{word} collections")
        said = "" if may else f"{answers['read'].asked} without a key answered {answers['read'].status}"
        unless_lacking(self._target, "qdrant", "qdrant_key", lambda: said)
        return [
            f"qdrant: anybody may {word} collections: {answer.asked} without a key answered {answer.status}; "
            f"start it with QDRANT__SERVICE__API_KEY"
            for word, answer in may.items()
        ]

    def cache(self) -> list[str]:
        """Whether anybody is served by Redis.

        Raises:
            Unsupported, CallFailed: as of :meth:`models`.
        """
        redis = cast("Redis", self._client(self._there("redis")))
        found = redis.serves_anybody()
        unless_lacking(
            self._target, "redis", "redis_password", lambda: "" if found else "PING without a password is refused"
        )
        told = "redis: anybody is served: PING without a password was answered; set requirepass, or users by ACL"
        return [told] if found else []

    def docs(self) -> list[str]:
        """Pages of the API's documentation that anybody may read.

        Raises:
            Unsupported, CallFailed: as of :meth:`models`.
        """
        found = self._served(DOCS, "read the documentation of its routes")
        unless_lacking(
            self._target, "api", "private_docs", lambda: "" if found else f"none of {', '.join(DOCS)} is served"
        )
        return [f"{said}; serve the documentation of routes to nobody but their users" for said in found]

    def debug(self) -> list[str]:
        """Pages for debugging, and files that were left lying, that anybody may read.

        Raises:
            Unsupported: there is no API.
            CallFailed: no answer came, or one that tells neither.
        """
        return [
            f"{said}; take it out of what is deployed" for said in self._served(DEBUG, "read what is for debugging")
        ]

    def metrics(self) -> list[str]:
        """Whether the metrics page is there for anybody.

        Raises:
            Unsupported, CallFailed: as of :meth:`models`; the profile names no metrics page.
            Vacuous: it is not there at all, with a key either.
        """
        api = cast("Api", self._client(self._there("api")))
        if api.config.metrics is None:
            raise Unsupported(f"{api.component}: its profile names no metrics page.")
        answer = _looked_at(api, api.config.metrics)
        found = answer.status == 200
        if not found:
            _require_refusal(answer, "read its metrics")
        if answer.status in ABSENT and _looked_at(api, api.config.metrics, signed=True).status == answer.status:
            raise Vacuous(
                f"{api.component}: {answer.asked} answered {answer.status} with a key as without one, so there is no "
                f"metrics page that could be kept; see components.{api.component}.metrics."
            )
        said = "" if found else f"{answer.asked} without a key answered {answer.status}"
        unless_lacking(self._target, api.component, "private_metrics", lambda: said)
        told = f"{api.component}: {answer.asked} without a key answered 200: anybody may read its metrics"
        return [f"{told}; let only Prometheus get there"] if found else []

    def _served(self, paths: Iterable[str], what: str) -> list[str]:
        """Which of these the API serves to anybody; a page that it gives for any path is none of them.

        Raises:
            CallFailed: none, as far as can be told, and of one it cannot be told.
        """
        api = self._over_http("api")
        nowhere = f"/llmops-no-such-page-{uuid4().hex}"
        other = _shown(_looked_at(api, nowhere), nowhere)
        found, unclear = [], []
        for path in paths:
            answer = _looked_at(api, path)
            if answer.status == 200:
                if _shown(answer, path) != other:
                    found.append(f"{api.component}: {answer.asked} without a key answered 200")
            elif answer.status == 429 or not 400 <= answer.status < 500:
                unclear.append(answer)
        if not found:
            for answer in unclear:
                _require_refusal(answer, what)
        return found

    def _over_http(self, component: str) -> OverHttp:
        return cast("OverHttp", self._client(self._there(component)))

    def _there(self, component: str) -> str:
        if component not in self._target.table.components.configured():
            raise Unsupported(f"target {self._target.name} has no component {component}.")
        return component


def exposure_calls() -> dict[str, dict[str, int]]:
    """How many calls each method of `Exposure` makes at most: the method to ``component.method`` to calls."""
    return {
        "models": {"ollama.call": 1},
        "vectors": {"qdrant.call": 2},
        "cache": {"redis.serves_anybody": 1},
        "docs": {"api.call": 2 * (len(DOCS) + 1)},
        "debug": {"api.call": 2 * (len(DEBUG) + 1)},
        "metrics": {"api.call": 4},
    }


def _looked_at(api: OverHttp, path: str, *, signed: bool = False) -> Answer:
    """What a page answers to who shows no key, or one; a redirect to another page of the API is followed once."""
    answer = api.http.call("GET", path, signed=signed)
    there = answer.headers.get("location", "")
    if not (300 <= answer.status < 400 and there) or sent_to_log_in(answer):
        return answer
    try:
        further = urljoin(f"{answer.url}{path}", there).partition("#")[0]
    except ValueError:
        return answer
    if not further.startswith(f"{answer.url}/"):
        return answer
    return api.http.call("GET", further.removeprefix(answer.url), signed=signed)


def _shown(answer: Answer, path: str) -> tuple[int, str, str]:
    """What tells pages apart: status, kind and text, but for the path that a page may quote."""
    return answer.status, _kind(answer), answer.text.replace(path, "")


def _looked_for_model(answer: Answer, name: str) -> bool:
    """Whether Ollama itself answered: that it has done it, or that there is no model of that name."""
    if answer.status == 404:  # a proxy knows no such route, and not the name, which stands in the body
        return name in str(_table(answer).get("error", ""))
    return 200 <= answer.status < 300 and _kind(answer) != "text/html"


def _is_of_qdrant(answer: Answer, name: str) -> bool:
    """Whether Qdrant itself answered: with a result, or that there is no collection of that name."""
    said = _table(answer)
    if answer.status == 404:
        status = said.get("status")
        return isinstance(status, dict) and name in str(status.get("error", ""))
    return 200 <= answer.status < 300 and "result" in said


def _table(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; empty where it holds none."""
    found = answer.json() if answer.is_json else None
    return found if isinstance(found, dict) else {}


def _require_refusal(answer: Answer, what: str) -> None:
    """Go on only where somebody refused; a failure, a limit, a redirect and a page of a proxy tell nothing.

    Raises:
        CallFailed: nobody did.
    """
    if answer.status in SHUT or sent_to_log_in(answer):
        return
    there = f", {answer.moved}" if answer.moved else ""
    raise CallFailed(
        answer.component,
        answer.failure or "bad-answer",
        f"{answer.component}: whether anybody may {what} cannot be told: {answer.asked} without a key answered "
        f"{answer.status}{there}, which is neither done nor refused; see who answers at this address.",
    )


def _kind(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0]
