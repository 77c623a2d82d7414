"""What the API's routes do: each behaviour takes a request's values and says which case answers it, with what."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pytest_llmops.sandbox.audit import Audit, now
from pytest_llmops.sandbox.upstream import UpstreamFailed
from pytest_llmops.target import templates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_llmops.sandbox.metrics import Metrics
    from pytest_llmops.sandbox.rag import Rag
    from pytest_llmops.sandbox.stack import Stack
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
    deletions: dict[str, dict[str, Any]] = field(default_factory=dict)


async def health(service: Service, _: dict[str, Any]) -> Outcome:
    """Values ``now``, ``epoch``, ``vectors``, ``llm``, ``cache`` (the sandbox's words), ``collection``, ``points``."""
    faults, spoken = service.stack.faults, service.stack.sandbox.words
    states = await service.upstream.states()
    shift_s = -_HOUR_S if "api:stale" in faults else 0.0
    values = {name: spoken["up" if states.get(name) else "down"] for name in ("vectors", "llm", "cache")}
    try:
        points = await service.rag.count() if states["vectors"] else 0
    except UpstreamFailed:
        points = 0
    values |= {"now": now(shift_s), "epoch": time.time() + shift_s, "points": points}
    bad = not all(states.values()) or "api:degraded" in faults
    return "degraded" if bad else "ok", values


async def ready(service: Service, values: dict[str, Any]) -> Outcome:
    """The values of `health`; the cache may be missing."""
    _, found = await health(service, values)
    down = service.stack.sandbox.words["down"]
    return "degraded" if down in [found["vectors"], found["llm"]] else "ok", found


async def query(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``answer``, ``sources``, ``model``, ``tokens``, ``cached``, ``cache``, ``latency_ms``; else ``reason``."""
    question, user = values.get("prompt"), values["user"]
    if not isinstance(question, str) or not question.strip():
        return "invalid", {"reason": "the question is empty or not text"}
    if len(question) > _LONGEST:
        return "invalid", {"reason": f"the question is longer than {_LONGEST} characters"}
    service.metrics.session(user)
    if "api:no-filter" not in service.stack.faults and _INJECTIONS.search(question):
        service.audit.write("blocked", user)
        return "blocked", {"reason": "prompt injection detected"}
    start = time.monotonic()
    found = await service.rag.ask(question, user, fresh=values.get("fresh") in {True, "true", "True", "1"})
    service.audit.write("query", user)
    hidden = "api:no-sources" in service.stack.faults
    sources = [templates.render(service.stack.sandbox.source, source) for source in found["sources"]]
    latency_ms = round((time.monotonic() - start) * 1000, 1)
    return "ok", {**found, "sources": [] if hidden else sources, "latency_ms": latency_ms}


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
    """Values ``deletion``, ``vectors_deleted``, ``completed_at``."""
    user = values["user"]
    deleted = await service.rag.delete(user)
    deletion = uuid4().hex
    told = {"deletion": deletion, "user": user, "vectors_deleted": deleted, "completed_at": now()}
    service.deletions[deletion] = told
    service.audit.write("data_deleted", user)
    return "ok", told


async def deletion(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``deletion``, ``user``, ``vectors_deleted``, ``completed_at``."""
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
}
"""By the name that a profile gives in ``does``."""
