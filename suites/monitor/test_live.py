"""Is each part there, within seconds: for any target, whatever its runbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.generic


@pytest.mark.procedure(fault="api:degraded")
def test_api_is_well(api: Api, record: Record) -> None:
    """The service calls itself well, within the limit."""
    health = api.health()
    assert health.healthy, health.reason
    record("health_response_time", health.elapsed_s, "s")


@pytest.mark.procedure(fault="llm:no-models")
def test_model_server_lists_its_models(llm: Llm, record: Record) -> None:
    """The model server lists as many models as the target asks for."""
    record("model_count", len(llm.models()), "models")


@pytest.mark.procedure(fault="llm:empty")
def test_model_speaks(llm: Llm, prompts: Workload) -> None:
    """The model says something."""
    assert not llm.generate(prompts[0]).silent, f"{llm.http.component}: the answer is empty"


@pytest.mark.procedure(fault="vectors:not-ready")
def test_vector_store_is_ready(vectors: Vectors, record: Record) -> None:
    """The vector store says that it is ready, within the limit."""
    record("vectors_ready_time", vectors.ready(), "s")


@pytest.mark.procedure(fault="redis:down")
def test_cache_answers(redis: Redis) -> None:
    """Redis answers."""
    redis.ping()
