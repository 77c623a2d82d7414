"""Key figures: rates, availability and counts, each against the runbook's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.measuring import Record


@pytest.mark.procedure("agent-aiops.alerts.error-rate", fault="request_log:failing")
def test_error_rate_of_the_log(record: Record) -> None:
    """The share of questions that failed, by the application's own log."""
    record.figure("api_error_rate")


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(
            "questions",
            marks=pytest.mark.procedure(
                "agent-aiops.key-metrics.error-rates-by-component", fault="request_log:missing"
            ),
        ),
        pytest.param(
            "tools",
            marks=pytest.mark.procedure("agent-aiops.key-metrics.error-rates-by-component", fault="tool_log:missing"),
        ),
        pytest.param(
            "ollama",
            marks=pytest.mark.procedure("agent-aiops.key-metrics.error-rates-by-component", fault="llm:down"),
        ),
    ],
)
def test_error_rates_by_component(record: Record, part: str) -> None:
    """The share of what failed, component by component; one that counted nothing hides no other."""
    record.figure(f"error_rate[{part}]")


@pytest.mark.procedure("agent-aiops.key-metrics.ollama-uptime", "agent-aiops.alerts.downtime", fault="llm:down")
def test_model_server_is_up(record: Record) -> None:
    """The model server answers every probe, or is soon back."""
    record.figure("availability[ollama]")


@pytest.mark.procedure("agent-aiops.alerts.downtime", fault="ui:failing")
def test_page_is_up(record: Record) -> None:
    """The page answers every probe, or is soon back."""
    record.figure("availability[ui]")


@pytest.mark.procedure(
    "agent-aiops.sessions.active-sessions", "agent-aiops.key-metrics.session-counts", fault="ui:page"
)
def test_active_sessions(ui: Ui, record: Record) -> None:
    """How many people have the page open."""
    record("active_sessions", ui.sessions().active, "sessions")


@pytest.mark.procedure("document-enhancer.metrics.llm-api-errors", fault="llm_calls:limited")
def test_llm_api_errors(record: Record) -> None:
    """The share of calls to the model provider that failed, by the log of calls."""
    record.figure("llm_api_error_rate")


@pytest.mark.procedure("aegis-rag.kpi-app.api-availability", "aegis-rag.daily.sla-compliance", fault="api:errors=0.5")
def test_api_availability(record: Record) -> None:
    """The share of our own questions that were answered."""
    record.figure("api_availability")


@pytest.mark.procedure("aegis-rag.kpi-llm.generation-success-rate", fault="llm:errors=0.5")
def test_generation_success_rate(record: Record) -> None:
    """The share of generations that succeed, counted by us: Ollama exports no metrics."""
    record.figure("generation_success_rate")


@pytest.mark.procedure("aegis-rag.kpi-vector.query-success-rate", fault="vectors:no-metrics")
def test_vector_query_success_rate(record: Record) -> None:
    """The share of requests to collections that the vector store answered, by its own count."""
    record.figure("query_success_rate")


@pytest.mark.procedure("aegis-rag.kpi-vector.connection-pool", fault="api:no-metrics")
def test_connection_pool(record: Record) -> None:
    """How much of the API's pool of connections to the vector store is in use, where it says so."""
    record.figure("connection_pool")


@pytest.mark.procedure("aegis-rag.kpi-vector.index-memory", fault="container_usage:full")
def test_index_memory(containers: Containers, record: Record) -> None:
    """The memory of the vector store, of what its container may use."""
    for container in containers.usage("qdrant"):
        record(f"index_memory[{container.name}]", container.memory_pct, "%", of=container.name)


@pytest.mark.procedure("aegis-rag.kpi-app.memory-usage", fault="container_usage:full")
def test_memory_of_the_api(containers: Containers, record: Record) -> None:
    """The memory of the API, of what its container may use; the machine's says nothing of it."""
    for container in containers.usage("api"):
        record(f"container_memory[{container.name}]", container.memory_pct, "%", of=container.name)
