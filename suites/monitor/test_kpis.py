"""Key figures: rates, availability and counts, each against the runbook's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.over_time import History
    from pytest_llmops.samples import Workload

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0


@pytest.mark.procedure("agent-aiops.alerts.error-rate", fault="request_log:failing")
def test_error_rate_of_the_log(record: Record) -> None:
    """Not too many questions fail, by the application's own log, or not for long."""
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
        pytest.param(
            "page",
            marks=[
                pytest.mark.procedure("agent-aiops.key-metrics.error-rates-by-component", fault="ui:failing"),
                pytest.mark.procedure(
                    "agent-aiops.key-metrics.error-rates-by-component",
                    "agent-aiops.alerts.error-rate",
                    fault="app:broken",
                ),
                pytest.mark.procedure("agent-aiops.alerts.error-rate", fault="llm:errors=1, standby:errors"),
            ],
        ),
    ],
)
def test_error_rates_by_component(record: Record, part: str) -> None:
    """The share of what failed, component by component; one that counted nothing hides no other."""
    record.figure(f"error_rate[{part}]")


@pytest.mark.procedure("agent-aiops.key-metrics.ollama-uptime", "agent-aiops.alerts.downtime", fault="llm:down")
@pytest.mark.procedure("agent-aiops.key-metrics.ollama-uptime", fault="llm:no-version")
def test_model_server_is_up(record: Record) -> None:
    """The model server answers every probe with its version, or is soon back."""
    record.figure("availability[ollama]")


@pytest.mark.procedure("agent-aiops.alerts.downtime", fault="ui:failing")
@pytest.mark.procedure("agent-aiops.alerts.downtime", fault="ui:page")
def test_page_is_up(record: Record) -> None:
    """The page answers every probe as one that is well, or is soon back."""
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


@pytest.mark.procedure("aegis-rag.kpi-vector.query-success-rate", fault="vectors:errors=0.1")
@pytest.mark.procedure("aegis-rag.kpi-vector.query-success-rate", fault="vectors:no-metrics")
def test_vector_query_success_rate(record: Record) -> None:
    """The share of searches that succeed at the vector store while the API is asked, by its own count."""
    record.figure("query_success_rate")


@pytest.mark.procedure("aegis-rag.kpi-vector.connection-pool", fault="api:no-metrics")
def test_connection_pool(record: Record) -> None:
    """How much of the API's pool of connections to the vector store is in use, where it says so."""
    record.figure("connection_pool")


@pytest.mark.procedure("aegis-rag.kpi-vector.index-memory", fault="container_usage:full")
def test_index_memory(containers: Containers, record: Record) -> None:
    """The memory of the vector store, of what its container may use."""
    found = containers.usage("qdrant")
    with record.to_the_end():
        for container in sorted(found, key=lambda one: not one.limit_bytes):  # one without a limit hides no other
            record(f"index_memory[{container.name}]", container.memory_pct, "%", of=container.name)


@pytest.mark.procedure("aegis-rag.kpi-app.cpu-usage", fault="container_usage:full")
def test_cpu_of_the_api(record: Record) -> None:
    """The processor that the API uses, of what its container may use; the machine's says nothing of it."""
    record.figure("api_cpu")


@pytest.mark.procedure("aegis-rag.kpi-app.memory-usage", fault="container_usage:full")
def test_memory_of_the_api(containers: Containers, record: Record) -> None:
    """The memory of the API, of what its container may use; the machine's says nothing of it."""
    found = containers.usage("api")
    with record.to_the_end():
        for container in sorted(found, key=lambda one: not one.limit_bytes):
            record(f"container_memory[{container.name}]", container.memory_pct, "%", of=container.name)


@pytest.mark.procedure(
    "document-enhancer.metrics.processing-queue", "document-enhancer.incident-steps.assess", fault="process_list:fails"
)
def test_processing_queue(machine: Machine, record: Record) -> None:
    """How many scripts are at work, and how many items wait for one: where the target says where that stands."""
    record("work_processes", len(machine.processes("work")), "processes")
    record.figure("processing_queue")


@pytest.mark.procedure(
    "document-enhancer.metrics.response-latency", "document-enhancer.incident-steps.assess", fault="api:delay=0.6"
)
def test_response_latency(measure: Measure, api: Api, prompts: Workload) -> None:
    """How long the interface takes to answer; the scripts that it starts answer nobody."""
    measure("response_latency", api, lambda api, _: api.call("providers").ok(), prompts=prompts)


@pytest.mark.procedure("document-enhancer.rate-limit.call-frequency", fault="llm_calls:burst")
def test_calls_of_a_minute(logs: Logs, record: Record) -> None:
    """The most calls to the LLM API that any minute of the last 24 hours had."""
    called = logs.entries("llm_calls", since_s=DAY_S).judged()
    record("requests_per_minute", called.busiest(MINUTE_S), "calls", of=f"{len(called)} calls in 24 hours")


@pytest.mark.procedure("agent-aiops.key-metrics.agent-response-times", fault="request_log:missing")
def test_agent_response_times(logs: Logs, record: Record) -> None:
    """Mean and percentiles of the requests of the last hour, as the agent logs what each took."""
    answered = logs.entries("requests", since_s=HOUR_S).judged()
    record.statistics("agent_response_time[hour]", answered.numbers("duration_ms"), "ms")


@pytest.mark.procedure("aegis-rag.kpi-app.throughput", fault="llm:slots=1, llm:slow=8")
@pytest.mark.procedure("aegis-rag.kpi-app.throughput", fault="past:worse")
def test_throughput(load_run: LoadRun, api: Api, history: History, record: Record) -> None:
    """How many of three questions a second are answered in that time, beside what earlier runs found.

    What people ask is another in the morning than at night: of that a week is held against the one before.
    """
    result = load_run("questions_carried", api, route="query", rate=3, seconds=12, arrivals="constant", check=False)
    record("throughput", result.rate, "1/s")
    usual_pct = history.deviation_pct("throughput", result.rate)
    record("throughput_deviation_pct", usual_pct, "%", of=f"{result.rate:.3g} answers a second of {result.offered:.3g}")
