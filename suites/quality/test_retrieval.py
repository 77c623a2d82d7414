"""Search: does it find the documents that it has to find, as well as it did when somebody called that normal?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.retrieving import Retrievals
    from pytest_llmops.report.documents import Documents

WEEK_S = 7 * 86400.0
"""For which recent documents are listed, where nobody said when it began."""


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure("enterprise-pipeline.retrieval.canary", fault="vectors:empty")
@pytest.mark.procedure("enterprise-pipeline.retrieval.canary", fault="vectors:finds-nothing=0.5")
@pytest.mark.procedure("enterprise-pipeline.retrieval.canary", fault="vectors:lost")
@pytest.mark.procedure("aegis-rag.search-accuracy.symptoms", fault="vectors:lost")
@pytest.mark.procedure("aegis-rag.search-accuracy.symptoms", fault="vectors:stale")
@pytest.mark.procedure("aegis-rag.search-accuracy.symptoms", fault="vectors:unrelated")
@pytest.mark.procedure("aegis-rag.search-accuracy.symptoms", fault="jina:same")
@pytest.mark.procedure(fault="llm:other-embeddings")
@pytest.mark.procedure(fault="llm:other-embedder")
@pytest.mark.procedure(fault="llm:same-embeddings")
def test_known_documents_are_found(retrieval: Retrievals, record: Record) -> None:
    """Each labelled query brings something, and its document is among the first results."""
    found = retrieval.found("documents")
    with record.to_the_end():
        record("retrieval_recall[documents]", found.recall_pct, "%", of=found.said)
        record("retrieval_hit_rate[documents]", found.hit_pct, "%", of=found.said)
        record("retrieval_mrr[documents]", found.mrr, of=found.said)
        record("retrieval_empty_rate[documents]", found.empty_pct, "%", of=found.said)


@pytest.mark.procedure(
    "agent-aiops.knowledge-base.search-functionality",
    "agent-aiops.performance-review.search-quality",
    "agent-aiops.rag-tool.search-relevance",
    fault="rag_retrieval:lost",
)
@pytest.mark.procedure("agent-aiops.knowledge-base.search-functionality", fault="rag_retrieval:empty")
def test_known_documents_of_the_knowledge_base_are_found(retrieval: Retrievals, record: Record) -> None:
    """Each labelled query finds its document among the first results of the agent's own search."""
    found = retrieval.found("documents")
    with record.to_the_end():
        record("retrieval_recall[documents]", found.recall_pct, "%", of=found.said)
        record("retrieval_hit_rate[documents]", found.hit_pct, "%", of=found.said)
        record("retrieval_mrr[documents]", found.mrr, of=found.said)
        record("retrieval_similarity_p50[documents]", found.similarity_p50)
        record("retrieval_empty_rate[documents]", found.empty_pct, "%", of=found.said)
    assert not found.missed, f"the knowledge base: {found.said}"


@pytest.mark.procedure("agent-aiops.web-search-tool.search-quality", fault="web_retrieval:astray")
@pytest.mark.procedure("agent-aiops.web-search-tool.search-quality", fault="web_retrieval:nothing")
def test_known_sites_are_found(retrieval: Retrievals, record: Record) -> None:
    """Each labelled query of the web finds the site that it is about among the first results, as it did."""
    found = retrieval.found("web")
    with record.to_the_end():
        record("retrieval_hit_rate[web]", found.hit_pct, "%", of=found.said)
        record("retrieval_mrr[web]", found.mrr, of=found.said)
        record("retrieval_empty_rate[web]", found.empty_pct, "%", of=found.said)
        for change in retrieval.changes("web"):
            record(f"{change.name}[web].worse", change.pct, "%", of=change.said)


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure("enterprise-pipeline.retrieval.canary", fault="vectors:unrelated")
@pytest.mark.procedure("enterprise-pipeline.retrieval.canary", fault="vectors:dimmed=0.8")
@pytest.mark.procedure("aegis-rag.search-accuracy.symptoms", fault="vectors:dimmed=0.8")
@pytest.mark.procedure(fault="vectors:shuffled")
def test_search_is_as_it_was_accepted(retrieval: Retrievals, record: Record) -> None:
    """Recall, rank and median similarity are not worse than in the accepted canary."""
    with record.to_the_end():
        for change in retrieval.changes("documents"):
            record(f"{change.name}[documents].worse", change.pct, "%", of=change.said)


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure("enterprise-pipeline.retrieval.canary", fault="vectors:lost")
def test_collection_is_as_large_as_accepted(retrieval: Retrievals, record: Record) -> None:
    """The collection holds no fewer points than when the canary was accepted, whichever of them queries would find."""
    record("collection_points[documents]", retrieval.collection("documents").count(), "points")
    for change in retrieval.figure_changes("documents", "collection_points"):
        record(f"{change.name}[documents].worse", change.pct, "%", of=change.said)


@pytest.mark.procedure(
    "agent-aiops.performance-review.search-quality",
    "agent-aiops.rag-tool.search-relevance",
    fault="rag_retrieval:shuffled",
)
@pytest.mark.procedure("agent-aiops.rag-tool.search-relevance", fault="rag_retrieval:far")
def test_knowledge_base_is_as_it_was_accepted(retrieval: Retrievals, record: Record) -> None:
    """Recall, rank and median similarity of the agent's own search are not worse than in the accepted canary."""
    with record.to_the_end():
        for change in retrieval.changes("documents"):
            record(f"{change.name}[documents].worse", change.pct, "%", of=change.said)


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure("aegis-rag.search-accuracy.symptoms", fault="vectors:shuffled")
def test_search_says_the_same_twice(retrieval: Retrievals, record: Record) -> None:
    """The same queries bring the same documents at the same places in a second round."""
    first, second = retrieval.found("documents"), retrieval.again("documents")
    record("retrieval_agreement[documents]", first.agreement_pct(second), "%", of=first.said)


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure("aegis-rag.search-accuracy.score-distribution", fault="vectors:dimmed=0.75")
def test_scores_lie_as_they_did(retrieval: Retrievals, record: Record) -> None:
    """Mean and percentiles of the scores of all results; their mean is not another than in the accepted canary."""
    with record.to_the_end():
        record.statistics("retrieval_score[documents]", retrieval.found("documents").scores)
        for change in retrieval.score_changes("documents"):
            record(f"{change.name}[documents].worse", change.pct, "%", of=change.said)


@pytest.mark.procedure("aegis-rag.search-accuracy.reranking", fault="api:worst-first")
def test_reranking_brings_documents_forward(retrieval: Retrievals, record: Record) -> None:
    """After reranking the expected documents stand no further back than before."""
    change = retrieval.reranked("documents", "reranked")
    record(f"{change.name}[reranked].worse", change.pct, "%", of=change.said)


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure("aegis-rag.search-accuracy.segmentation", fault="vectors:cut")
@pytest.mark.procedure("aegis-rag.search-accuracy.segmentation", fault="vectors:blank")
def test_segments_are_whole(retrieval: Retrievals, record: Record) -> None:
    """How long segments are, how many are empty or cut off; their mean length is that of the accepted canary."""
    found = retrieval.collection("documents").segments()
    with record.to_the_end():
        record.statistics("segment_length[documents]", found.lengths, "characters")
        record("segments_empty[documents]", found.empty_pct, "%")
        record("segments_cut[documents]", found.cut_pct, "%")
        for change in retrieval.figure_changes("documents", "segment_length"):
            record(f"{change.name}[documents].worse", change.pct, "%", of=change.said)


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure(
    "enterprise-pipeline.hallucination.recent-documents",
    "enterprise-pipeline.retrieval.recent-documents",
    fault="vectors:to-come",
)
def test_recent_documents_are_listed(retrieval: Retrievals, documents: Documents, record: Record) -> None:
    """The documents that were ingested since it began, for a person to read: what they contradict is theirs to say."""
    recent = retrieval.recent("documents", last_s=WEEK_S)
    record("recent_documents", len(recent), "documents", of=f"the newest: {recent[0]}" if recent else "")
    written = documents.write(
        "recent-documents.md", "\n".join(["# Recently ingested", "", *map("- {}".format, recent)])
    )
    assert documents.read(written)
