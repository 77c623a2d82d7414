"""Causes of bad or slow answers: a model, a cluster, an external API that is not what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.measuring import Measure, Record
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.vector-issues.cluster-status", fault="vectors:split")
def test_cluster_is_whole(vectors: Vectors, record: Record) -> None:
    """The vector store is a single node, or a cluster whose peers all reach each other."""
    cluster = vectors.cluster()
    record("cluster_peers", cluster.peers, "peers", of=cluster.status)
    assert not cluster.wrong, f"qdrant: {'; '.join(cluster.wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.llm-issues.model-status", fault="llm:no-models")
def test_model_is_known_and_whether_it_is_loaded(ollama: Ollama, record: Record) -> None:
    """The server knows the details of the model that is in use; which models are in memory is recorded."""
    model = ollama.timed_model.name
    assert ollama.details(model), f"ollama: it says nothing of {model}"
    loaded = ollama.loaded()
    record("models_loaded", len(loaded), "models", of=", ".join(loaded))


@pytest.mark.procedure("enterprise-pipeline.hallucination.model-loaded", fault="api:no-score")
def test_answers_are_scored(api: Api, prompts: Workload, record: Record) -> None:
    """An answer carries the score of the model that looks for hallucinations, which is loaded then."""
    record("faithfulness", api.query(prompts[0]).values["faithfulness"])


@pytest.mark.procedure("aegis-rag.high-latency.external-api", fault="jina:errors")
def test_external_api_latency(measure: Measure, services: Callable[[str], Api], prompts: Workload) -> None:
    """An embedding by the external API, on its own."""
    jina = services("jina")
    measure(
        "external_embedding_latency", jina, lambda jina, prompt: jina.call("embed", prompt=prompt.text), prompts=prompts
    )
