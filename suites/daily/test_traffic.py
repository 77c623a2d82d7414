"""Traffic: the service's own figures, and that they move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.generic


@pytest.mark.procedure("voyageur.evening-review.daily-metrics-json", fault="api:no-metrics")
def test_metrics_can_be_read(api: Api, record: Record) -> None:
    """The metrics page is there and parses."""
    series = len(api.metrics().names)
    record("metric_series", series, "series")
    assert series, "api: its metrics page holds no series"


@pytest.mark.procedure(fault="api:frozen-metrics")
@pytest.mark.needs("api")
def test_requests_are_counted(traffic: Traffic, figures: Figures) -> None:
    """The counter of requests moves when requests are made."""
    moved = figures.read("requests_total", during=traffic).value
    assert moved > 0, "api: requests_total did not move though requests were made"


@pytest.mark.needs("api")
@pytest.mark.procedure("voyageur.evening-review.total-requests", fault="api:no-metrics")
def test_total_requests(record: Record) -> None:
    """How many requests the service has answered since it started."""
    record.figure("requests_total")


@pytest.mark.needs("api")
@pytest.mark.procedure(
    "voyageur.evening-review.error-rate",
    "voyageur.monitor.error-rate",
    fault="llm:errors=0.5",
)
@pytest.mark.procedure(
    "enterprise-pipeline.daily.grafana-error-rate",
    "aegis-rag.daily.error-rates",
    "aegis-rag.daily.sla-compliance",
    "aegis-rag.kpi-app.api-error-rate",
    fault="api:errors=0.5",
)
def test_error_rate(record: Record) -> None:
    """The share of requests that fail now, not since the service's start."""
    record.figure("api_error_rate")


@pytest.mark.needs("api")
@pytest.mark.procedure("voyageur.evening-review.success-rate", "voyageur.monitor.success-rate", fault="llm:errors=0.5")
def test_success_rate(record: Record) -> None:
    """The share of requests that the service answered."""
    record.figure("api_success_rate")


@pytest.mark.needs("api")
@pytest.mark.procedure(
    "voyageur.evening-review.average-response-time", "voyageur.monitor.response-time", fault="llm:slow=12"
)
@pytest.mark.procedure(fault="api:no-metrics")
def test_average_response_time(record: Record) -> None:
    """The mean time of a request."""
    record.figure("api_latency_mean")


@pytest.mark.needs("api")
@pytest.mark.procedure("aegis-rag.daily.sla-compliance", "aegis-rag.kpi-app.api-latency-p95", fault="llm:slow=12")
def test_latency_objective(record: Record) -> None:
    """The 95th percentile of requests, as the service's histogram has it."""
    record.figure("api_latency_p95")


@pytest.mark.procedure(fault="api:no-cache")
def test_cache_hit_rate(api: Api, prompts: Workload, record: Record) -> None:
    """A question asked again and again comes from the cache, and the service's hit rate is above the limit."""
    api.query(prompts[0], fresh=False)
    record.figure("cache_hit_rate", during=lambda: [api.query(prompts[0], fresh=False) for _ in range(4)])


@pytest.mark.needs("api")
@pytest.mark.procedure("voyageur.evening-review.cache-hit-rate", fault="api:no-metrics")
def test_cache_hit_rate_since_start(figures: Figures, record: Record) -> None:
    """The service's own share of look-ups that found something, since it started."""
    rate = figures.read("cache_hit_rate")
    record("cache_hit_rate_since_start", rate.value, rate.unit, of=rate.source)


@pytest.mark.procedure("voyageur.evening-review.cache-hit-rate", fault="redis:down")
def test_redis_hit_rate(redis: Redis, record: Record) -> None:
    """Redis' own share of look-ups that found something; ours are none of them."""
    record("redis_hit_rate", redis.figures().hit_rate, "%")


@pytest.mark.procedure("voyageur.evening-review.model-usage-distribution", fault="api:no-metrics")
@pytest.mark.needs("api")
def test_model_usage(figures: Figures, record: Record) -> None:
    """The share of requests that each model served."""
    for model, share in figures.shares("model_share").items():
        record(f"model_share[{model}]", share, "%")


@pytest.mark.procedure(fault="api:frozen-metrics")
@pytest.mark.usefixtures("traffic")
def test_active_sessions(record: Record) -> None:
    """The number of active sessions, ours among them."""
    sessions = record.figure("active_sessions")
    assert sessions.value, "api: our own session is not counted among the active ones"


@pytest.mark.needs("api")
@pytest.mark.procedure(fault="api:no-metrics")
def test_resident_memory(record: Record) -> None:
    """The memory that the service's process uses."""
    record.figure("resident_memory")
