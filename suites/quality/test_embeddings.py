"""Embeddings: are they sound, by the model that they were by, and where they were?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.retrieving import Retrievals


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure(fault="vectors:zeros")
def test_stored_vectors_are_sound(retrieval: Retrievals, record: Record) -> None:
    """Each stored vector has the collection's length, holds finite numbers, and is not zero."""
    stored = retrieval.collection("documents").stored()
    record("stored_vectors[documents]", stored.points, "vectors", of=f"of {stored.dimensions} numbers")
    record("embeddings_unsound[documents]", len(stored.unsound), "vectors", of="; ".join(stored.unsound[:5]))


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure(fault="vectors:stale")
@pytest.mark.procedure(fault="vectors:cut")
@pytest.mark.procedure(fault="vectors:blank")
def test_texts_embed_to_what_is_stored(retrieval: Retrievals, record: Record) -> None:
    """A few stored texts, embedded anew, have the vectors that are stored: the model is the one that filled it."""
    same = retrieval.collection("documents").reembedded()
    record("reembedded_similarity[documents]", min(same.values()), of=f"the least of {len(same)} points")


@pytest.mark.procedure("agent-aiops.knowledge-base.validate-embeddings", fault="rag_vectors:zero")
@pytest.mark.procedure("agent-aiops.knowledge-base.validate-embeddings", fault="rag_vectors:nan")
@pytest.mark.procedure("agent-aiops.knowledge-base.validate-embeddings", fault="rag_vectors:other")
@pytest.mark.procedure("agent-aiops.knowledge-base.validate-embeddings", fault="rag_vectors:narrow")
@pytest.mark.procedure("agent-aiops.knowledge-base.validate-embeddings", fault="rag_vectors:lacking")
@pytest.mark.procedure("agent-aiops.knowledge-base.validate-embeddings", fault="rag_vectors:bare")
@pytest.mark.procedure("agent-aiops.knowledge-base.validate-embeddings", fault="rag_vectors:none")
def test_vectors_of_the_knowledge_base_are_sound(app_command: AppCommands, record: Record) -> None:
    """Each document has chunks, each chunk a vector of the model's length, finite, not zero; five are the same anew."""
    told = app_command.json("rag_vectors")
    record("stored_vectors[documents]", told["vectors"], "vectors", of=f"of {told['dimensions']} numbers")
    assert told["vectors"] == told["chunks"] > 0, f"{told['vectors']} vectors of {told['chunks']} chunks"
    assert not told["bare"], f"indexed without a chunk: {', '.join(told['bare'])}"
    assert told["dimensions"] == told["expected"], f"{told['dimensions']} numbers, the model has {told['expected']}"
    record("embeddings_unsound[not finite]", told["not_finite"], "vectors")
    record("embeddings_unsound[zero]", told["zero"], "vectors")
    record("reembedded_similarity[documents]", min(told["reembedded"]), of=f"the least of {len(told['reembedded'])}")


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure(fault="llm:other-embedder")
def test_model_is_the_accepted_one(retrieval: Retrievals, record: Record) -> None:
    """The model that embeds is the one of the accepted canary, by its digest: another is no drift, but another."""
    changed = retrieval.model_change("documents")
    record("embedding_model_changed[documents]", int(bool(changed)), of=changed or "the same")


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure(fault="llm:other-embeddings")
def test_embeddings_are_where_they_were(retrieval: Retrievals, record: Record) -> None:
    """Centre, spread and distribution of the canary's embeddings are those of when it was accepted."""
    found = retrieval.drift("documents")
    if found is not None:
        with record.to_the_end():
            record("embedding_centroid_shift[documents]", found.shift, of=str(found))
            record("embedding_spread_change[documents]", found.spread_off_pct, "%", of=str(found))
            record("embedding_drift_p[documents]", found.p, of=str(found))
            record("embedding_same[documents]", found.same, of="the least of a text's then and now")


@pytest.mark.generic
@pytest.mark.needs("vectors")
@pytest.mark.procedure(fault="llm:same-embeddings")
@pytest.mark.procedure("aegis-rag.search-accuracy.embedding-quality", fault="jina:same")
def test_embeddings_tell_texts_apart(retrieval: Retrievals, record: Record) -> None:
    """Texts that are alike are nearer to each other than texts that are not, by as much as they were."""
    found = retrieval.separation("documents")
    with record.to_the_end():
        record("embedding_order[documents]", found.ordered_pct, "%", of=str(found))
        record("embedding_margin[documents]", found.margin, of=str(found))
        for change in retrieval.figure_changes("documents", "embedding_margin"):
            record(f"{change.name}[documents].worse", change.pct, "%", of=change.said)
