"""Health: status, body and dependencies; a 200 alone is not health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.recording import Record


@pytest.mark.generic
@pytest.mark.procedure(
    "voyageur.morning-health.service-status",
    "enterprise-pipeline.daily.health-endpoint",
    "enterprise-pipeline.http-500.health",
    "aegis-rag.health.api-health",
    fault="api:degraded",
)
def test_api_is_healthy(api: Api) -> None:
    """The health route answers an accepted status and accepted values."""
    health = api.health()
    assert health.healthy, health.reason


@pytest.mark.generic
@pytest.mark.procedure(
    "enterprise-pipeline.daily.health-endpoint", "enterprise-pipeline.http-500.health", fault="vectors:not-ready"
)
def test_dependencies_are_connected(api: Api, record: Record) -> None:
    """Every dependency that the health body names is in an accepted state."""
    health = api.dependencies()
    record("unhealthy_dependencies", len(health.unhealthy), "dependencies")
    assert not health.unhealthy, health.reason


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.health.api-health", fault="api:delay=1.5")
def test_health_answers_in_time(api: Api, record: Record) -> None:
    """The health route answers within the runbook's limit."""
    record("health_response_time", api.health().elapsed_s, "s")


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.health.api-health", fault="api:stale")
@pytest.mark.procedure("aegis-rag.health.api-health", fault="api:down")
def test_health_is_of_now(api: Api, record: Record) -> None:
    """The timestamp of the health body can be read and is recent."""
    record("health_age", api.health_age(), "s")


@pytest.mark.generic
@pytest.mark.procedure(
    "aegis-rag.health.qdrant-health", "aegis-rag.api-failure.check-dependencies", fault="vectors:not-ready"
)
@pytest.mark.procedure("aegis-rag.health.qdrant-health", fault="vectors:slow=1.5")
def test_vectors_are_ready(vectors: Vectors, record: Record) -> None:
    """Qdrant says that it is ready, within the runbook's limit."""
    record("vectors_ready_time", vectors.ready(), "s")


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.http-500.qdrant", fault="vectors:unwell")
def test_vectors_are_alive(vectors: Vectors, record: Record) -> None:
    """Qdrant says that it is alive, whether or not its shards are ready."""
    record("vectors_alive_time", vectors.alive(), "s")


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.qdrant-optimisation.collection-health", fault="vectors:red")
@pytest.mark.procedure(
    "enterprise-pipeline.retrieval.collection-health",
    "aegis-rag.vector-issues.collection-status",
    fault="vectors:empty",
)
def test_collection_is_served(vectors: Vectors, record: Record) -> None:
    """The collection that answers come from is green and holds points."""
    collection = vectors.collection()
    assert (collection.status, collection.optimizer) == ("green", "ok"), (
        f"qdrant: collection {collection.name} is {collection.status}, its optimizer {collection.optimizer}"
    )
    record("optimizer_ok", 1, "collections")
    record("collection_points", collection.points, "points")
    assert collection.points, f"qdrant: collection {collection.name} is empty"


@pytest.mark.generic
@pytest.mark.procedure(fault="redis:down")
def test_cache_keeps_what_it_is_given(redis: Redis) -> None:
    """Redis answers, and returns a value that was set."""
    redis.ping()
    assert redis.keeps("llmops:daily:probe", "kept"), "redis: a value that was set was gone at once"


@pytest.mark.generic
@pytest.mark.procedure(
    "document-enhancer.components.redis-ping", "enterprise-pipeline.http-500.redis", fault="redis:down"
)
def test_redis_answers(redis: Redis, record: Record) -> None:
    """Redis answers PING."""
    record("redis_ping_time", redis.ping(), "s")


@pytest.mark.after_changes
@pytest.mark.procedure(
    "voyageur.morning-health.service-status", "voyageur.maintenance.post-service-verification", fault="llm:down"
)
def test_models_are_available_to_the_service(api: Api) -> None:
    """The service itself reaches its models, by its own word."""
    assert api.value("llm_status") is True, "api: it says that its models are not available"


@pytest.mark.procedure("voyageur.morning-health.no-active-alerts", fault="api:degraded")
def test_no_alert_is_active(api: Api, record: Record) -> None:
    """The service watches itself, and no alert of it is active."""
    alerts = api.active_alerts()
    record("active_alerts", len(alerts), "alerts", of="; ".join(alerts))
