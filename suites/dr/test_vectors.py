"""Vectors come back: a snapshot is restored into an empty scratch collection, and compared point by point."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from pytest_llmops.clients.snapshots import newest_in
from pytest_llmops.operate.vector_backup import CANARIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.operate.vector_backup import VectorBackup
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

ITSELF = 0.99
"""From which cosine on a search has found the vector that it was made with."""


@pytest.mark.generic
@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.recovery.restore-qdrant", fault="vectors:restore-empty")
@pytest.mark.procedure("aegis-rag.recovery.restore-qdrant", fault="vectors:restore-fails")
@pytest.mark.procedure("aegis-rag.recovery.restore-qdrant", fault="vectors:red")
@pytest.mark.procedure(fault="vectors:restore-loses")
@pytest.mark.procedure(fault="vectors:restore-misses")
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


@pytest.mark.needs("qdrant")
@pytest.mark.procedure(
    "aegis-rag.monthly.restore-test", "aegis-rag.recovery.restore-qdrant", fault="vector_backups:unrestorable"
)
@pytest.mark.procedure("aegis-rag.monthly.restore-test", fault="vector_backups:of-another")
@pytest.mark.procedure("aegis-rag.monthly.restore-test", fault="vector_backups:flipped")
@pytest.mark.procedure("aegis-rag.monthly.restore-test", fault="vectors:restore-loses")
@pytest.mark.procedure("aegis-rag.monthly.restore-test", fault="vectors:restore-misses")
def test_newest_backup_of_the_vectors_can_be_restored(
    vector_backup: VectorBackup, files: Files, prompts: Workload, record: Record, scratch_folder: Path
) -> None:
    """The newest one, restored elsewhere, has the points of the collection but for those of since, found as there."""
    fetched = files.backups("vectors").restored(scratch_folder)
    assert not fetched.wrong, f"files: {'; '.join(fetched.wrong)}"
    collection = vector_backup.collection
    snapshot = newest_in(fetched.folder, collection)
    assert snapshot, f"files: {fetched.of} has no snapshot of {collection}"
    done = vector_backup.restored_from(snapshot, prompts)
    record("vector_backup_restore_time", done.took_s, "s", of=done.snapshot)
    record("vector_backup_points", done.points, "points", of=f"{done.compared} as they are now, {done.meanwhile} not")
    assert not done.wrong, f"qdrant: {collection}, restored of {fetched.of}: {'; '.join(done.wrong)}"
    record("vector_backup_unlike", done.unlike_pct, "%", of=fetched.of)


@pytest.mark.procedure("enterprise-pipeline.rollback-database.remove-volume", fault="qdrant_volume:unread")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.remove-volume", fault="vectors:restore-loses")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.remove-volume", fault="qdrant_volume:once")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.re-ingest", fault="re_ingest:partial")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.re-ingest", fault="re_ingest:failed")
@pytest.mark.procedure("enterprise-pipeline.rollback-database.re-ingest", fault="vectors:unrelated")
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
    for vector in vectors.stored(islice(prompts, CANARIES)).values():
        best = vectors.best(vector)
        assert best.score >= ITSELF, f"qdrant: a search with an ingested vector finds {best.id} ({best.score:.2f})"
    answer = api.query(prompts[0])
    assert answer.text.strip(), "api: of what was ingested it answers nothing"
    assert prompts[0].expect in answer.text, f"api: of what was ingested its answer lacks {prompts[0].expect!r}"
    back = recovered("qdrant", change.undo)
    record("recovery_time[qdrant]", back.took_s, "s", of=back.seen)
    lost = vector_backup.lost_since(held)
    assert not lost, f"qdrant: back on its own volume {'; '.join(lost)}"
