"""Vectors come back: a snapshot is restored into an empty scratch collection, and compared point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.operation import Operated
    from pytest_llmops.operate.recovery import Recovered
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


@pytest.mark.procedure("enterprise-pipeline.rollback-database.remove-volume", fault="qdrant_volume:unread")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.remove-volume", fault="vectors:restore-loses")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.remove-volume", fault="qdrant_volume:once")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.re-ingest", fault="re_ingest:partial")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.re-ingest", fault="re_ingest:failed")
def test_vectors_are_ingested_anew(
    vector_backup: VectorBackup,
    carried_out: Callable[[str], Operated],
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    vectors: Vectors,
    api: Api,
    app_command: AppCommands,
    prompts: Workload,
    record: Record,
) -> None:
    """A rehearsal: on an empty volume Qdrant has nothing; what is ingested is found; then its own volume is back."""
    held = vector_backup.may_be_lost(prompts)
    carried_out("empty-vectors")
    there = vectors.collections()
    assert not there, f"qdrant: on an empty volume it has the collections {', '.join(there)}"
    ingested = app_command.run("re_ingest")
    record("re_ingest_time", ingested.took_s, "s")
    assert vector_backup.collection in vectors.collections(), "qdrant: nothing was ingested into it"
    record("reingested_points", vectors.statistics(vector_backup.collection)["points"], "points")
    answer = api.query(prompts[0])
    assert answer.text.strip(), "api: of what was ingested it answers nothing"
    assert prompts[0].expect in answer.text, f"api: of what was ingested its answer lacks {prompts[0].expect!r}"
    back = recovered("qdrant", change.undo)
    record("recovery_time[qdrant]", back.took_s, "s", of=back.seen)
    lost = vector_backup.lost_since(held)
    assert not lost, f"qdrant: back on its own volume {'; '.join(lost)}"
