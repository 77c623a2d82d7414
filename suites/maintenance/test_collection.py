"""Upkeep of the vector collection by Qdrant's own optimizer: after it nothing is lost, slower or found less well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.operate.upkeep import Upkeep
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.qdrant-optimisation.update-config", fault="vectors:config-ignored")
def test_optimizer_is_configured(upkeep: Upkeep, vectors: Vectors) -> None:
    """What the target says of the optimizer is in effect, as the collection's own description tells; it stays so."""
    differs = upkeep.configure()
    assert not differs, f"{vectors.component}: not in effect as it was asked for: {differs}"
    upkeep.accept()


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure(
    "aegis-rag.qdrant-optimisation.optimise-indices", "aegis-rag.monthly.optimise-indices", fault="vectors:stuck"
)
@pytest.mark.procedure(
    "aegis-rag.qdrant-optimisation.optimise-indices", "aegis-rag.monthly.optimise-indices", fault="vectors:loses-points"
)
def test_collection_is_optimised(upkeep: Upkeep, prompts: Workload, record: Record) -> None:
    """The optimizer looks at all segments, the collection is green again in time, and every point is there."""
    before = upkeep.look(prompts)
    record("optimisation_duration", upkeep.optimise(), "s")
    lost = upkeep.look(prompts).lost_since(before)
    assert not lost, f"qdrant: since it was optimised {lost}"
    upkeep.accept()


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.qdrant-optimisation.vacuum", fault="vectors:no-vacuum")
@pytest.mark.procedure("aegis-rag.qdrant-optimisation.vacuum", fault="vectors:loses-points")
def test_dead_vectors_are_taken_out(upkeep: Upkeep, prompts: Workload, record: Record) -> None:
    """Deleted vectors go out of the segments, and no point that lives goes with them."""
    kept = upkeep.look(prompts)
    before, after = upkeep.vacuum()
    record("dead_vectors_before", before, "vectors")
    record("dead_vectors", after, "vectors")
    assert after < before, f"qdrant: {after} of {before} dead vectors are in the segments still: none were taken out"
    lost = upkeep.look(prompts).lost_since(kept)
    assert not lost, f"qdrant: since dead vectors were taken out {lost}"


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.qdrant-optimisation.complete-run", fault="vectors:slower-after=0.05")
@pytest.mark.procedure("aegis-rag.qdrant-optimisation.complete-run", fault="vectors:worse-after")
def test_search_is_as_good_as_before(
    upkeep: Upkeep, vectors: Vectors, measure: Measure, prompts: Workload, record: Record
) -> None:
    """After the whole maintenance searches are neither slower nor worse than before by more than 20 percent."""
    stored, kept = vectors.stored(prompts), upkeep.look(prompts)
    before = measure(
        "search_before_upkeep",
        vectors,
        lambda vectors, prompt: vectors.search(stored[prompt.id]),
        prompts=prompts,
        keep=True,
    )
    record("upkeep_duration", upkeep.maintain(), "s")
    after = upkeep.look(prompts)
    record("search_recall", after.recall)
    lost = after.lost_since(kept)
    assert not lost, f"{vectors.component}: since its upkeep {lost}"
    measure(
        "search_after_upkeep",
        vectors,
        lambda vectors, prompt: vectors.search(stored[prompt.id]),
        prompts=prompts,
        before=before,
    )
    upkeep.accept()
