"""Vectors come back: a snapshot is restored into an empty scratch collection, and compared point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.operate.vector_backup import VectorBackup
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.monthly.restore-test", fault="vectors:restore-loses")
@pytest.mark.procedure("aegis-rag.monthly.restore-test", fault="vectors:restore-misses")
@pytest.mark.procedure("aegis-rag.recovery.restore-qdrant", fault="vectors:restore-empty")
@pytest.mark.procedure("aegis-rag.recovery.restore-qdrant", fault="vectors:restore-fails")
@pytest.mark.procedure("aegis-rag.recovery.restore-qdrant", fault="vectors:red")
@pytest.mark.procedure(fault="vectors:restore-alters")
@pytest.mark.procedure(fault="vectors:restore-other")
@pytest.mark.procedure(fault="vectors:snapshot-torn")
@pytest.mark.procedure(fault="vectors:snapshots-full")
@pytest.mark.procedure(fault="vectors:keeps-deleted")
def test_collection_can_be_restored(vector_backup: VectorBackup, prompts: Workload, record: Record) -> None:
    """A snapshot, restored elsewhere, has each point as its source has it, and is found by the same searches."""
    done = vector_backup.proven(prompts)
    record("vector_restore_time", done.took_s, "s", of=done.snapshot)
    record("vector_snapshot_size", done.size_mb, "MB")
    record("restored_points", done.points, "points", of=f"{done.compared} compared, {done.meanwhile} changed meanwhile")
    assert not done.wrong, f"qdrant: {vector_backup.collection}, restored of {done.snapshot}: {'; '.join(done.wrong)}"
