"""Growth of what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.recording import Record
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


@pytest.mark.procedure("aegis-rag.weekly.storage-growth", fault="machine:full")
@pytest.mark.procedure("aegis-rag.weekly.storage-growth", fault="past:filling")
def test_storage_lasts(vectors: Vectors, containers: Containers, history: History, record: Record) -> None:
    """Points and volumes of the vector store, how full its disk is, and when that reaches its limit."""
    record("collection_points", vectors.collection().points, "points")
    for volume, size in containers.volumes("qdrant").items():
        record(f"volume_size[{volume}]", size, "B")
    used = record.figure("vector_disk_used").value
    growth = history.growth("vector_disk_used", used)
    record("vector_disk_used.per_month", growth.per_month, growth.unit)
    if growth.time_left_s is not None:
        record("vector_disk_used.time_left", growth.time_left_s, "s", of=f"reached in {growth.month}")
