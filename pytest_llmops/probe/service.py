"""A service of one's own: its health, its query route, its figures, from its schema and from what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmops.probe import figures, health, openapi, routes, vitals
from pytest_llmops.probe.keys import key_for
from pytest_llmops.probe.openapi import Document
from pytest_llmops.probe.proposal import Entry, Found, Section
from pytest_llmops.probe.route_tables import query_sections
from pytest_llmops.probe.servers import own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.probe.asking import Asker
    from pytest_llmops.probe.proposal import Key
    from pytest_llmops.probe.routes import Candidate
    from pytest_llmops.probe.vitals import Vital

GATEWAYS = ("litellm", "vllm", "sglang", "text generation inference", "localai", "llama.cpp", "xinference", "lmdeploy")
"""Titles of model servers and gateways whose schemas hold more than models, and are no service of one's own."""

SURE = 8.0
"""From this score on an operation makes a model server a service that answers questions."""


def schema(asker: Asker) -> Document | None:
    """The service's OpenAPI schema, wherever its framework serves it; None without."""
    for path in openapi.PATHS:
        found = asker.json(path)
        if openapi.is_schema(found):
            return Document(found)
    return None


def answers_questions(document: Document) -> bool:
    """Whether a schema has a query route of its own, beside those of a model server."""
    if any(name in document.title.lower() for name in GATEWAYS):
        return False
    own_routes = [one for one in routes.candidates(document) if not one.of_a_model_server]
    return any(one.score >= SURE and not one.cannot for one in own_routes)


def service(asker: Asker, document: Document | None, also: str = "") -> Found | None:
    """The service as a component, or None where nothing says that one is there.

    Args:
        asker: calls to it.
        document: its schema.
        also: what else answers there, for a comment.
    """
    prefix = _prefix(asker, document) if document else ""
    candidates = _candidates(document, also)
    best = next((one for one in candidates if not one.cannot), None)
    key = _key(asker, document, best, prefix)
    vital = vitals.vitality(asker, document, prefix)
    if document is None and vital is None:
        return None
    seen = vital.path if vital else ""
    page, read = _figures(asker, document, prefix, best, seen)
    lines = [Entry("metrics", page, "its page of Prometheus metrics")] if page else []
    if key is None and asker.settings.key_env:
        auth = {"header": "X-API-Key", "env": asker.settings.key_env}
        lines.insert(
            0, Entry("auth", auth, "nothing asked for a key; if it wants one, say here in which header", on=False)
        )
    sections = [
        own(asker, lines, key, (f"Also there: {also}.",) if also else ()),
        *vitals.sections(vital),
        *query_sections(candidates, prefix, has_schema=document is not None),
    ]
    title = document.title if document else ""
    says = ", ".join(part for part in (title or "HTTP API", best.shown if best else "no query route found") if part)
    beside = tuple(_figure_sections(read))
    return Found("api", asker.url, says, tuple(sections), key, tuple(_loud(vital, best)), beside)


def _candidates(document: Document | None, also: str) -> list[Candidate]:
    found = routes.candidates(document) if document else []
    mine = [one for one in found if not one.of_a_model_server]
    return mine if also else found


def _prefix(asker: Asker, document: Document) -> str:
    """What goes before the schema's paths at this url: its servers' path, where that is not within the url already.

    Only paths that cost and change nothing are asked: of health, figures and documentation, or one that is not for GET.
    """
    base = urlsplit(asker.url).path
    prefix = document.prefix.removeprefix(base) if base and document.prefix.startswith(base) else document.prefix
    if not prefix:
        return ""
    paths = vitals.harmless(document)[:2] or [path for path in _not_for_get(document) if "{" not in path][:1]
    answers = [(asker.get(f"{prefix}{path}"), asker.get(path)) for path in paths]
    there = [with_it for with_it, _ in answers if with_it is not None and with_it.status != 404]
    bare = [without for _, without in answers if without is not None and without.status != 404]
    return "" if bare and not there else prefix


def _not_for_get(document: Document) -> list[str]:
    """Paths that a GET cannot set to work: a wrong method, or a key that is missing, is all that it is told."""
    operations = list(document.operations())
    gets = {one.path for one in operations if one.method == "GET"}
    return [one.path for one in operations if one.path not in gets]


def _key(asker: Asker, document: Document | None, best: Candidate | None, prefix: str) -> Key | None:
    """What signs the query route: by the schema, or because it, a health route or the metrics page wants a key."""
    declared = [*best.operation.keys, *best.headers] if best else []
    if best is not None and document is not None and best.operation.path in _not_for_get(document):
        key = key_for(asker, "api", prefix + best.path, declared)
        if key is not None:
            return key
    looked_at = (*health.PATHS[:2], figures.PATHS[0])
    shut = next((path for path in looked_at if asker.shut(path)), health.PATHS[0])
    return key_for(asker, "api", shut, declared)


def _figures(
    asker: Asker, document: Document | None, prefix: str, best: Candidate | None, seen: str
) -> tuple[str, dict[str, dict[str, Any]]]:
    """The metrics page's path, and the figures that it can fill."""
    last = [(one.path, one.path.rsplit("/", 1)[-1]) for one in document.operations()] if document else []
    declared = [prefix + path for path, word in last if word in {"metrics", "prometheus"}]
    for path in dict.fromkeys((*declared, *figures.PATHS)):
        answer = asker.get(path)
        page = figures.page(answer.text) if answer is not None and answer.status == 200 else None
        if page is not None:
            routed = figures.Routed(prefix + best.path, seen, urlsplit(asker.url).path) if best and seen else None
            return path, figures.propose(page, routed)
    return "", {}


def _figure_sections(read: dict[str, dict[str, Any]]) -> Iterator[Section]:
    if read:
        notes = (
            "Figures that the daily suite reads off the metrics page; check that these series count what you mean.",
        )
        yield Section(("figures",), tuple(Entry(name, table) for name, table in read.items()), notes)


def _loud(vital: Vital | None, best: Candidate | None) -> Iterator[str]:
    yield from vitals.loud(vital)
    if best is None:
        yield "has no route that could be asked a question, as far as is known; describe it as routes.query"
    elif best.answer is None:
        yield f"does not say where the answer of {best.shown} is: the file holds a guess"
