"""Causes of bad or slow answers: a model, a cluster, an external API that is not what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.preflight import Preflight
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.vector-issues.cluster-status", fault="vectors:split")
def test_cluster_is_whole(vectors: Vectors, record: Record) -> None:
    """The vector store is a single node, or a cluster of as many peers as it should have, all of them reached."""
    cluster = vectors.cluster()
    assert not cluster.wrong, f"qdrant: {'; '.join(cluster.wrong)}"
    how_many = 'critical = "< 3"' if cluster.enabled else ""
    record("cluster_peers", cluster.peers, "peers", of=cluster.status, example=how_many)


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.llm-issues.model-status", fault="llm:no-models")
@pytest.mark.procedure("aegis-rag.llm-issues.model-status", fault="llm:no-details")
def test_model_is_known_and_whether_it_is_loaded(
    ollama: Ollama, preflight: Callable[[str], Preflight], record: Record
) -> None:
    """The server knows the details of the model in use; whether that was in memory before preflight is recorded."""
    model = ollama.timed_model.name
    assert ollama.details(model), f"ollama: POST /api/show of {model} was answered without details"
    loaded = ollama.was_loaded(preflight(ollama.component).facts)
    record(f"model_loaded[{model}]", int(loaded), of="1: in memory before preflight's own token")


@pytest.mark.procedure("enterprise-pipeline.hallucination.model-loaded", fault="api:no-score")
def test_answers_are_scored(traffic: Traffic, record: Record) -> None:
    """Every answer out of documents carries the score of the model that looks for hallucinations, withheld or not."""
    scores = traffic.each("faithfulness", route="rag_knowledge_base")
    if None in scores:  # as of an application that has just started: by now it is warm
        scores = traffic.again().each("faithfulness", route="rag_knowledge_base")
    record("unscored_answers", scores.count(None), "answers", of=f"of {len(scores)} out of documents")


@pytest.mark.procedure("enterprise-pipeline.hallucination.model-loaded", fault="hhem_scores:blind")
@pytest.mark.procedure("enterprise-pipeline.hallucination.model-loaded", fault="hhem_scores:fails")
def test_a_hallucination_is_told_from_a_faithful_answer(app_command: AppCommands, record: Record) -> None:
    """The model that looks for hallucinations, as it is installed, scores a faithful answer high, a made-up one low."""
    scores = app_command.json("hhem_scores")
    record("hhem_score[faithful]", scores["faithful"])
    record("hhem_score[invented]", scores["invented"])


@pytest.mark.procedure("enterprise-pipeline.hallucination.model-loaded", fault="pipeline_memory:unloaded")
def test_the_model_is_in_memory(record: Record) -> None:
    """The application's process holds the model that looks for hallucinations: it has its weights' worth of memory."""
    record.figure("pipeline_memory")


@pytest.mark.procedure("aegis-rag.high-latency.external-api", fault="jina:errors")
def test_external_api_latency(measure: Measure, services: Callable[[str], Api], prompts: Workload) -> None:
    """An embedding by the external API, on its own."""
    jina = services("jina")
    measure(
        "external_embedding_latency", jina, lambda jina, prompt: jina.call("embed", prompt=prompt.text), prompts=prompts
    )
