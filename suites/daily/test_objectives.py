"""The day, by the memory of Prometheus: its objectives, and what it used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.over_time import History

DAY_S = 86400.0

pytestmark = pytest.mark.needs("prometheus")


@pytest.mark.procedure("aegis-rag.daily.error-rates", "aegis-rag.daily.sla-compliance", fault="api:errors=0.5")
def test_error_rate_of_the_day(traffic: Traffic, record: Record) -> None:
    """The share of the day's requests that failed, ours among them."""
    record.figure("api_error_rate_day", during=traffic)


@pytest.mark.procedure("aegis-rag.daily.sla-compliance", fault="llm:slow=12")
def test_latency_of_the_day(traffic: Traffic, record: Record) -> None:
    """The 95th percentile of the day's requests, ours among them."""
    record.figure("api_latency_p95_day", during=traffic)


@pytest.mark.procedure("aegis-rag.daily.response-time-trend", fault="llm:slow=12")
def test_latency_of_the_day_is_no_higher_than_usual(
    traffic: Traffic, figures: Figures, history: History, record: Record
) -> None:
    """The 95th percentile of the day beside what the days of the last month had; that of the day before is told."""
    now = figures.read("api_latency_p95_day", during=traffic).value
    before = history.values("api_latency_p95_day")[-1].value
    risen_pct = history.risen_pct("api_latency_p95_day", now)
    record("api_latency_p95_day_rise", risen_pct, "%", of=f"{now:.3g} s; {before:.3g} s when it was recorded last")


@pytest.mark.procedure("aegis-rag.weekly.performance-metrics", fault="prometheus:down")
def test_requests_of_the_day(traffic: Traffic, record: Record) -> None:
    """How many requests the day had, ours among them: a week has seven of these numbers."""
    record.figure("requests_day", during=traffic)


@pytest.mark.procedure("aegis-rag.daily.sla-compliance", fault="prometheus:target-down")
def test_availability_of_the_day(lint: Lint, record: Record) -> None:
    """The share of the day's scrapes that the service answered, where it has a page to be scraped."""
    lint.meant("job", "aegis-api")
    record.figure("api_availability_day")


@pytest.mark.usefixtures("lint")
@pytest.mark.procedure("aegis-rag.daily.resource-utilisation", fault="prometheus:down")
@pytest.mark.parametrize("what", ["cpu", "memory", "disk", "api_cpu", "api_memory", "vector_memory"])
def test_use_of_the_day(record: Record, what: str) -> None:
    """What was in use over the day, on the mean and at its peak; what no job yields hides nothing of the rest."""
    record.spread(f"day_use[{what}]", DAY_S)
