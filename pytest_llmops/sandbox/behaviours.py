"""What the API's routes do: each behaviour takes a request's values and says which case answers it, with what."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
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
    roles: Roles | None = None
    failing: Share = field(default_factory=lambda: Share(0.0))
    deletions: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)


async def health(service: Service, given: dict[str, Any]) -> Outcome:
    """Values ``now``, ``epoch``, ``vectors``, ``llm``, ``cache`` (the sandbox's words), ``collection``, ``points``.

    ``minds``, as the profile gives it, is what must be up for ``ok``.
    """
    minded: list[str] | None = given.get(MINDS)
    faults, spoken = service.stack.faults, service.stack.sandbox.words
    states = await service.upstream.states()
    shift_s = -_HOUR_S if "api:stale" in faults else 0.0
    values = {name: spoken["up" if states.get(name) else "down"] for name in ("vectors", "llm", "cache")}
    try:
        points = await service.rag.count() if states["vectors"] else 0
    except UpstreamFailed:
        points = 0
    values |= {"now": now(shift_s), "epoch": time.time() + shift_s, "points": points}
    minds = states if minded is None else minded
    bad = not all(states.get(name, True) for name in minds) or "api:degraded" in faults
    return "degraded" if bad else "ok", values


async def ready(service: Service, values: dict[str, Any]) -> Outcome:
    """The values of `health`; the cache may be missing where the profile does not say what it minds."""
    minded = values.get(MINDS)
    return await health(service, {**values, MINDS: ["vectors", "llm"] if minded is None else minded})


async def fixed(_: Service, __: dict[str, Any]) -> Outcome:
    """Always ``ok``, with what any answer may name."""
    return "ok", {}


async def query(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``answer``, ``sources``, ``found``, ``faithfulness``, ``model``, ``tokens``, ``cached``, ``cache``.

    Also ``latency_ms``; ``reason`` where it is blocked or invalid; ``unfaithful`` where the answer stands in no source.
    """
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
    told = {**found, "sources": [] if hidden else sources, "found": len(found["sources"]), "latency_ms": latency_ms}
    if "api:no-score" in service.stack.faults:
        return "ok", {**told, "faithfulness": None}
    return "ok" if found["faithfulness"] >= FAITHFUL else "unfaithful", told


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
    "fixed": fixed,
    "login": tasks.login,
    "analyses": tasks.analyses,
    "explain": tasks.explain,
    "start": tasks.start,
    "job": tasks.job,
}
"""By the name that a profile gives in ``does``."""
