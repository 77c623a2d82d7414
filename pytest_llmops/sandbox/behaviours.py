"""What the API's routes do: each behaviour takes a request's values and says which case answers it, with what."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from statistics import mean, median
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pytest_llmops.sandbox import tasks
from pytest_llmops.sandbox.audit import Audit, now
from pytest_llmops.sandbox.faults import Share
from pytest_llmops.sandbox.upstream import UpstreamFailed
from pytest_llmops.target import templates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_llmops.sandbox.access import Roles
    from pytest_llmops.sandbox.metrics import Metrics
    from pytest_llmops.sandbox.rag import Rag
    from pytest_llmops.sandbox.records import Records
    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.sandbox.tasks import Job
    from pytest_llmops.sandbox.upstream import Upstream

_LONGEST = 4000
_HOUR_S = 3600.0
_INJECTIONS = re.compile(
    r"""(ignore|disregard|forget)\s+(all\s+|any\s+)?(the\s+|your\s+)?(previous|prior|above|earlier)\s+(instructions|rules)
    |(reveal|show|print|repeat|tell\s+me)\s+(me\s+)?(your|the)\s+(system|hidden|initial)\s+(prompt|instructions)
    |you\s+are\s+now\s+(in\s+)?(developer\s+mode|dan\b|unrestricted)
    |pretend\s+(that\s+)?you\s+have\s+no\s+(rules|restrictions|guidelines)""",
    re.IGNORECASE | re.VERBOSE,
)

FAITHFUL = 0.7
"""Share of an answer's words that stand in its sources, below which it is unfaithful."""

MINDS = "minds"

Outcome = tuple[str, dict[str, Any]]
"""The case's name, and the values that its body may name."""


@dataclass(slots=True)
class Service:
    """What the behaviours share."""

    stack: Stack
    upstream: Upstream
    rag: Rag
    audit: Audit
    metrics: Metrics
    records: Records
    roles: Roles | None = None
    failing: Share = field(default_factory=lambda: Share(0.0))
    deletions: dict[str, dict[str, Any]] = field(default_factory=dict)
    points: int | None = None
    jobs: dict[str, Job] = field(default_factory=dict)

    @property
    def caches(self) -> bool:
        """Whether answers are kept: where a question can say that it wants none of them."""
        routes = self.stack.components.api.routes.values() if self.stack.components.api else ()
        asked = [(route.body, route.params) for route in routes]
        return any(word == "fresh" for template in asked for _, word in templates.placeholders(list(template)))

    @property
    def filters(self) -> bool:
        """Whether injections are blocked: where the profile says how a block looks."""
        routes = self.stack.components.api.routes.values() if self.stack.components.api else ()
        return "api:no-filter" not in self.stack.faults and any(route.blocked for route in routes)


async def health(service: Service, given: dict[str, Any]) -> Outcome:
    """Values ``now``, ``epoch``, ``vectors``, ``llm``, ``cache`` (the sandbox's words), ``collection``, ``points``.

    ``minds``, as the profile gives it, is what must be up for ``ok``; a service that it names is a value too.
    """
    minded: list[str] | None = given.get(MINDS)
    faults, spoken = service.stack.faults, service.stack.sandbox.words
    states = await service.upstream.states(minded or ())
    shift_s = -_HOUR_S if "api:stale" in faults else 0.0
    named = dict.fromkeys(("vectors", "llm", "cache", *states))
    values = {name: spoken["up" if states.get(name) else "down"] for name in named}
    if service.points is None or "api:blind" not in faults:
        service.points = await _points(service) if states["vectors"] else 0
    values |= {"now": now(shift_s), "epoch": time.time() + shift_s, "points": service.points}
    minds = states if minded is None else minded
    bad = not all(states.get(name, True) for name in minds) or "api:degraded" in faults
    return "degraded" if bad else "ok", values


async def _points(service: Service) -> int:
    """How many the collection has; 0 where it does not say."""
    try:
        return await service.rag.count()
    except UpstreamFailed:
        return 0


async def ready(service: Service, values: dict[str, Any]) -> Outcome:
    """The values of `health`; the cache may be missing where the profile does not say what it minds."""
    minded = values.get(MINDS)
    return await health(service, {**values, MINDS: ["vectors", "llm"] if minded is None else minded})


async def fixed(_: Service, __: dict[str, Any]) -> Outcome:
    """Always ``ok``, with what any answer may name."""
    return "ok", {}


async def query(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``answer``, ``sources``, ``faithfulness``, ``model``, ``tokens``, ``cached``, ``cache``, ``latency_ms``.

    Also ``found`` (sources), ``empty`` (1 where there are none), ``score_p50``, ``score_p95``, ``score_mean``;
    ``reason`` where it is blocked or invalid; ``unfaithful`` where the answer stands in no source.
    """
    question, user = values.get("prompt"), values["user"]
    if not isinstance(question, str) or not question.strip():
        return "invalid", {"reason": "the question is empty or not text"}
    if len(question) > _LONGEST:
        return "invalid", {"reason": f"the question is longer than {_LONGEST} characters"}
    service.metrics.session(user)
    if service.filters and (_INJECTIONS.search(question) or "api:blocks-all" in service.stack.faults):
        service.audit.write("blocked", user)
        return "blocked", {"reason": "prompt injection detected"}
    start = time.monotonic()
    found = await service.rag.ask(question, user, fresh=not service.caches or tasks.anew(values))
    service.audit.write("query", user)
    hidden = "api:no-sources" in service.stack.faults
    sources = [templates.render(service.stack.sandbox.source, source) for source in found["sources"]]
    latency_ms = round((time.monotonic() - start) * 1000, 1)
    told = {**found, **_similar(found["sources"]), "sources": [] if hidden else sources, "latency_ms": latency_ms}
    if "api:no-score" in service.stack.faults:
        return "ok", {**told, "faithfulness": None}
    return "ok" if found["faithfulness"] >= FAITHFUL else "unfaithful", told


def _similar(sources: list[dict[str, Any]]) -> dict[str, float]:
    """How near the sources of one answer are to its question."""
    scores = sorted(source["score"] for source in sources) or [0.0]
    told = {"score_p50": median(scores), "score_p95": scores[-1], "score_mean": mean(scores)}
    return {**told, "found": len(sources), "empty": float(not sources)}


async def ingest(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``document``, ``chunks``; ``reason`` where there is no text."""
    text, user = values.get("text"), values["user"]
    if not isinstance(text, str) or not text.strip():
        return "invalid", {"reason": "the document has no text"}
    document = str(values.get("document") or uuid4().hex)
    chunks = await service.rag.ingest(document, str(values.get("title") or ""), text, user)
    service.audit.write("document_ingested", user)
    return "ok", {"document": document, "chunks": chunks}


async def delete(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``deletion``, ``vectors_deleted``, ``cached_deleted``, ``completed_at``, and ``deleted_NAME`` of records.

    It is invalid where the request lacks a key of the body that its route has.
    """
    if values["lacking"] and "api:deletes-unasked" not in service.stack.faults:
        return "invalid", {"reason": f"the body lacks {', '.join(values['lacking'])}"}
    user, faults = values["user"], service.stack.faults
    deleted = 0 if "api:keeps-vectors" in faults else await service.rag.delete(user)
    cached = 0 if "api:keeps-cache" in faults else await service.upstream.forget(user)
    deletion = uuid4().hex
    told = {"deletion": deletion, "user": user, "vectors_deleted": deleted, "completed_at": now()}
    told |= {"cached_deleted": cached, **service.records.forget(user)}
    service.deletions[deletion] = told
    service.audit.write("data_deleted", user)
    return "ok", told


async def deletion(service: Service, values: dict[str, Any]) -> Outcome:
    """The values of `delete`, and ``user``."""
    found = service.deletions.get(str(values.get("deletion")))
    return ("ok", found) if found else ("missing", {"reason": "no such deletion"})


async def audit(service: Service, _: dict[str, Any]) -> Outcome:
    """Value ``events``: id, at, type, actor each, newest last."""
    return "ok", {"events": service.audit.events()}


TABLE: dict[str, Callable[[Service, dict[str, Any]], Awaitable[Outcome]]] = {
    "health": health,
    "ready": ready,
    "query": query,
    "ingest": ingest,
    "delete": delete,
    "deletion": deletion,
    "audit": audit,
    "fixed": fixed,
    "login": tasks.login,
    "analyses": tasks.analyses,
    "explain": tasks.explain,
    "start": tasks.start,
    "job": tasks.job,
}
"""By the name that a profile gives in ``does``."""
