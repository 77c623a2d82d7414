"""Growth of what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.report.over_time import History


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.vector-issues.prevention-collection-growth", fault="vectors:empty")
def test_collection_growth(vectors: Vectors, history: History, record: Record) -> None:
    """Points and size of the collection now, and by how much each grows in a month."""
    points = vectors.collection().points
    record("collection_points", points, "points")
    assert points, "qdrant: the collection is empty"
    stored_mb = vectors.stored_mb()
    record("collection_size", stored_mb, "MB")
    record("collection_points.per_month", history.growth("collection_points", points).per_month, "points")
    record("collection_size.per_month", history.growth("collection_size", stored_mb).per_month, "MB")
