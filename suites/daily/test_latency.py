"""Latency: timed, compared with the stored baseline, and failed when it is more than 20 % slower."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.generic


@pytest.mark.procedure(
    "voyageur.evening-review.benchmark", "agent-aiops.models.performance-metrics", fault="llm:slow=1.6"
)
@pytest.mark.procedure("aegis-rag.kpi-llm.generation-latency-p95", fault="llm:slow=8")
def test_generation_latency(measure: Measure, llm: Llm, prompts: Workload) -> None:
    """A streamed answer of standard length: the whole call, its TTFT and its TPOT."""
    measure("generation_latency", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)


@pytest.mark.procedure(
    "voyageur.morning-health.summary-response-time", "voyageur.evening-review.benchmark", fault="llm:slow=1.6"
)
@pytest.mark.parametrize("level", ["summary", "detailed"])
def test_response_time(measure: Measure, llm: Llm, prompts: Workload, level: str) -> None:
    """A whole answer at the shortest and the longest detail level; the standard one is streamed, above."""
    measure(
        "response_time",
        llm,
        lambda llm, prompt: llm.generate(prompt, detail=level, stream=False),
        prompts=prompts,
    )


@pytest.mark.procedure("aegis-rag.daily.response-time-trend", fault="llm:slow=1.6")
def test_query_latency(measure: Measure, api: Api, prompts: Workload) -> None:
    """A question through the whole stack, past the answer cache."""
    measure("query_latency", api, lambda api, prompt: api.query(prompt), prompts=prompts)


@pytest.mark.procedure("agent-aiops.models.performance-metrics", fault="llm:slow=1.6")
def test_embedding_latency(measure: Measure, llm: Llm, prompts: Workload) -> None:
    """The embedding of a question."""
    measure("embedding_latency", llm, lambda llm, prompt: llm.embed(prompt), prompts=prompts)


@pytest.mark.procedure(
    "aegis-rag.high-latency.database-queries",
    "aegis-rag.kpi-vector.search-latency-p95",
    fault="vectors:slow=0.6",
)
@pytest.mark.procedure("aegis-rag.high-latency.database-queries", fault="vectors:slow=1.5")
def test_search_latency(measure: Measure, vectors: Vectors, prompts: Workload) -> None:
    """A vector search on its own, with a fixed set of vectors."""
    stored = vectors.stored(prompts)
    measure("search_latency", vectors, lambda vectors, prompt: vectors.search(stored[prompt.id]), prompts=prompts)
