"""Symptoms of the runbook's scenarios: does one of them have to be opened, and is it over?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.report.over_time import History
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("aegis-rag.api-failure.symptoms", fault="api:down")
@pytest.mark.procedure("aegis-rag.api-failure.symptoms", fault="api:degraded")
def test_api_shows_no_symptom(triage: Triage, record: Record) -> None:
    """The API answers, and its health route says that all is well."""
    failed = triage.failed_of("api", "component", "health")
    record("failed_api_checks", len(failed), "checks")
    assert not failed, f"open the scenario of an API failure: {'; '.join(failed)}"


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("aegis-rag.api-failure.symptoms", fault="api:errors=0.5")
def test_api_errors_are_no_symptom(record: Record) -> None:
    """The API does not answer too much with an error, or not for long; a missed target alone opens no scenario."""
    record.figure("api_error_rate", level="critical")


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.vector-issues.symptoms", fault="vectors:not-ready")
def test_vector_store_shows_no_symptom(triage: Triage, record: Record) -> None:
    """The vector store answers and is ready, and what it counts is within its limits."""
    failed = triage.failed_of("qdrant")
    record("failed_vector_checks", len(failed), "checks")
    assert not failed, f"open the scenario of the vector store: {'; '.join(failed)}"


@pytest.mark.procedure("aegis-rag.vector-issues.symptoms", fault="vectors:slow=0.6")
@pytest.mark.procedure("aegis-rag.vector-issues.symptoms", fault="vectors:slow=1.5")
def test_searches_are_not_slow(record: Record) -> None:
    """Not one of a few searches takes too long, or not for long; a missed target alone opens no scenario."""
    record.figure("search_latency_slowest", level="critical")


@pytest.mark.procedure("aegis-rag.vector-issues.symptoms", fault="container_usage:full")
def test_vector_store_has_memory_left(record: Record) -> None:
    """The memory that the vector store's container may use is not used up."""
    record.figure("index_memory", level="critical")


@pytest.mark.procedure("aegis-rag.vector-issues.symptoms", fault="api:no-metrics")
def test_connections_to_the_vector_store_are_left(record: Record) -> None:
    """The API's pool of connections to the vector store is not used up, where it says so."""
    record.figure("connection_pool", level="critical")


@pytest.mark.generic
@pytest.mark.needs("llm")
@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="llm:errors=1")
def test_model_server_shows_no_symptom(triage: Triage, record: Record) -> None:
    """The model server answers, its models are there, and one token came in time."""
    failed = [one for server in ("ollama", "openai") for one in triage.failed_of(server, "component", "models")]
    record("failed_model_checks", len(failed), "checks")
    assert not failed, f"open the scenario of the model server: {'; '.join(failed)}"


@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="llm:slow=12")
def test_generation_is_not_slow(record: Record) -> None:
    """Not one of a few generations takes too long, or not for long."""
    record.figure("generation_latency_slowest", level="critical")


@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="llm:cold=1")
def test_models_load_in_time(record: Record) -> None:
    """What loading the model took, as the server says itself."""
    record.figure("model_load_time", level="critical")


@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="gpus:full")
def test_gpu_has_memory_left(record: Record) -> None:
    """The memory of the GPU is not used up."""
    record.figure("gpu_memory", level="critical")


@pytest.mark.procedure("aegis-rag.api-failure.recovery-verification", fault="api:degraded")
@pytest.mark.procedure("aegis-rag.api-failure.recovery-verification", fault="api:delay=3")
@pytest.mark.procedure("aegis-rag.api-failure.recovery-verification", fault="api:errors=0.5")
def test_api_works_as_before(api: Api, prompts: Workload, record: Record) -> None:
    """The API is healthy, its errors and its time are back in their targets at one look, and a question is answered."""
    health = api.health()
    assert health.healthy, health.reason
    record.figure("api_error_rate", at_once=True)
    record.figure("api_latency_p95", at_once=True)
    assert api.query(prompts[0]).text.strip(), "api: its answer is empty"


@pytest.mark.procedure("aegis-rag.high-latency.symptoms", fault="api:delay=3")
@pytest.mark.procedure("aegis-rag.high-latency.symptoms", fault="api:hangs=0.2")
def test_api_is_not_slow(traffic: Traffic, record: Record) -> None:
    """The API answers every question within the client's deadline, and in time, or is slow for a moment only."""
    with record.to_the_end():  # where no question was answered, no latency can be told
        record("question_timeouts", len(traffic.timed_out), "questions", of=f"of {len(traffic.questions)}")
        record.figure("api_latency_p95", level="critical")


@pytest.mark.procedure("aegis-rag.memory-leaks.symptoms", fault="container_details:oom-killed")
def test_nothing_was_killed_for_want_of_memory(containers: Containers, record: Record) -> None:
    """No part of the system ended last for want of memory; how often each was started again is recorded."""
    for part, found in containers.parts().items():
        record(f"restarts[{part}]", sum(one.restarts or 0 for one in found), "restarts")
        killed = [one.name for one in found if one.oom_killed]
        record(f"oom_kills[{part}]", len(killed), of=", ".join(killed) or "none of its containers")


@pytest.mark.procedure("aegis-rag.memory-leaks.symptoms", fault="past:leaking")
def test_memory_is_no_higher_than_a_week_ago(history: History, record: Record) -> None:
    """What the API holds in memory, as the week's runs found it, beside the week before."""
    week = history.beside("resident_memory")
    record("resident_memory.week_mean", week.mean, week.unit, of=week.said)
    record.shift("resident_memory", week.before, week.now)
