"""Traffic: the service's own figures, and that they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.generic


@pytest.mark.procedure("voyageur.evening-review.daily-metrics-json", fault="api:no-metrics")
def test_metrics_can_be_read(api: Api, record: Record) -> None:
    """The metrics page is there and parses."""
    series = len(api.metrics().names)
    record("metric_series", series, "series")
    assert series, "api: its metrics page holds no series"


@pytest.mark.procedure("voyageur.evening-review.total-requests", fault="api:frozen-metrics")
def test_requests_are_counted(api: Api, prompts: Workload, record: Record) -> None:
    """The counter of requests moves when a request is made."""
    counted = api.kpi("requests_total", during=lambda: api.query(prompts[0]))
    assert counted > 0, "api: requests_total did not move though a request was made"
    record("requests_total", api.kpi("requests_total"), "requests")


@pytest.mark.procedure(
    "voyageur.evening-review.error-rate",
    "enterprise-pipeline.daily.grafana-error-rate",
    "aegis-rag.daily.error-rates",
    fault="api:errors=0.5",
)
def test_error_rate(api: Api, prompts: Workload, record: Record) -> None:
    """The share of requests that the service answers with 5xx now, not since its start."""
    record("api_error_rate", api.kpi("api_error_rate", during=lambda: api.ask_all(prompts)), "%")


@pytest.mark.procedure("voyageur.evening-review.success-rate", "aegis-rag.daily.sla-compliance", fault="api:errors=0.5")
def test_success_rate(api: Api, prompts: Workload, record: Record) -> None:
    """The share of requests that the service answered."""
    record("api_success_rate", api.kpi("api_success_rate", during=lambda: api.ask_all(prompts)), "%")


@pytest.mark.procedure("voyageur.evening-review.average-response-time", fault="api:no-metrics")
def test_average_response_time(api: Api, prompts: Workload, record: Record) -> None:
    """The mean time of a request, as the service counts it."""
    record("api_latency_mean", api.kpi("api_latency_mean", during=lambda: api.query(prompts[0])), "s")


@pytest.mark.procedure("aegis-rag.daily.sla-compliance", fault="llm:slow=12")
def test_latency_objective(api: Api, prompts: Workload, record: Record) -> None:
    """The 95th percentile of requests, as the service's histogram has it."""
    record("api_latency_p95", api.kpi("api_latency_p95", during=lambda: api.query(prompts[0])), "s")


@pytest.mark.procedure("voyageur.evening-review.cache-hit-rate", fault="api:no-cache")
def test_cache_hit_rate(api: Api, prompts: Workload, record: Record) -> None:
    """A question asked again comes from the cache, and the service's hit rate is above the limit."""
    api.ask_all(prompts, fresh=False)
    record("cache_hit_rate", api.kpi("cache_hit_rate", during=lambda: api.ask_all(prompts, fresh=False)), "%")


@pytest.mark.procedure("voyageur.evening-review.cache-hit-rate", fault="redis:down")
def test_redis_hit_rate(redis: Redis, record: Record) -> None:
    """Redis' own share of look-ups that found something."""
    assert redis.keeps("llmops:daily:hit", "kept"), "redis: a value that was set was gone at once"
    record("redis_hit_rate", redis.figures().hit_rate, "%")


@pytest.mark.procedure("voyageur.evening-review.model-usage-distribution", fault="api:no-metrics")
def test_model_usage(api: Api, prompts: Workload, record: Record) -> None:
    """The share of requests that each model served."""
    api.query(prompts[0])
    for model, share in api.shares("model_share").items():
        record(f"model_share[{model}]", share, "%")


@pytest.mark.procedure("agent-aiops.sessions.active-sessions", fault="api:frozen-metrics")
def test_active_sessions(api: Api, prompts: Workload, record: Record) -> None:
    """The number of active sessions, ours among them."""
    api.query(prompts[0])
    sessions = api.kpi("active_sessions")
    record("active_sessions", sessions, "sessions")
    assert sessions >= 1, "api: our own session is not counted among the active ones"


@pytest.mark.procedure("aegis-rag.daily.resource-utilisation", fault="api:no-metrics")
def test_resident_memory(api: Api, record: Record) -> None:
    """The memory that the service's process uses."""
    record("resident_memory", api.kpi("resident_memory"), "MB")
