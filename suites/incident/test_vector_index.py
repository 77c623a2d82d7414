"""An index that finds too little, or takes too long, is built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.operate.upkeep import Upkeep
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.vector-issues.reindex", fault="vectors:config-ignored")
@pytest.mark.procedure("aegis-rag.vector-issues.reindex", fault="vectors:loses-points")
@pytest.mark.procedure("aegis-rag.vector-issues.reindex", fault="vectors:worse-after")
def test_index_is_built_anew(upkeep: Upkeep, prompts: Workload, record: Record) -> None:
    """The optimizer builds the index anew, the collection is green in time, and all is found as before."""
    before = upkeep.look(prompts)
    rebuilt = upkeep.rebuild()
    record("index_rebuilds", rebuilt, "optimisations")
    assert rebuilt, "qdrant: its telemetry tells of no optimisation since, so the index is the one that was there"
    after = upkeep.look(prompts)
    record("search_recall", after.recall)
    lost = after.lost_since(before)
    assert not lost, f"qdrant: since its index was built anew {lost}"
