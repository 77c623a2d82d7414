"""Symptoms of the runbook's scenarios: does one of them have to be opened, and is it over?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("aegis-rag.api-failure.symptoms", fault="api:errors=0.5")
def test_api_shows_no_symptom(triage: Triage, record: Record) -> None:
    """The API answers, its health route says that all is well, and it does not answer too much with an error."""
    failed = triage.failed_of("api")
    record("failed_api_checks", len(failed), "checks")
    assert not failed, f"open the scenario of an API failure: {'; '.join(failed)}"


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.vector-issues.symptoms", fault="vectors:not-ready")
def test_vector_store_shows_no_symptom(triage: Triage, record: Record) -> None:
    """The vector store answers and is ready, and what it counts is within its limits."""
    failed = triage.failed_of("qdrant")
    record("failed_vector_checks", len(failed), "checks")
    assert not failed, f"open the scenario of the vector store: {'; '.join(failed)}"


@pytest.mark.generic
@pytest.mark.needs("llm")
@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="llm:errors=1")
def test_model_server_shows_no_symptom(triage: Triage, record: Record) -> None:
    """The model server answers, its models are there, one token came in time, and failures are within their limit."""
    failed = [*triage.failed_of("ollama"), *triage.failed_of("openai")]
    record("failed_model_checks", len(failed), "checks")
    assert not failed, f"open the scenario of the model server: {'; '.join(failed)}"


@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="llm:slow=12")
def test_generation_is_not_slow(record: Record) -> None:
    """Not one of a few generations takes too long, or not for long."""
    record.figure("generation_latency_slowest")


@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="llm:cold=1")
def test_models_load_in_time(record: Record) -> None:
    """What loading the model took, as the server says itself."""
    record.figure("model_load_time")


@pytest.mark.procedure("aegis-rag.llm-issues.symptoms", fault="gpus:full")
def test_gpu_has_memory_left(record: Record) -> None:
    """The memory of the GPU is not used up."""
    record.figure("gpu_memory")


@pytest.mark.procedure("aegis-rag.api-failure.recovery-verification", fault="api:errors=0.5")
def test_api_works_as_before(api: Api, prompts: Workload, record: Record) -> None:
    """A question is answered from end to end, in the usual time, and errors are below their target again."""
    record.figure("api_error_rate")
    record.figure("api_latency_p95")
    assert api.query(prompts[0]).text, "api: its answer is empty"
