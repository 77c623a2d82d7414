"""The fixtures by which a backup is proven: made, restored where nobody reads, compared, and taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.vector_backup import VectorBackup
    from pytest_llmops.plugin.run import Run


@pytest.fixture
def vector_backup(_llmops: Run, change: Change) -> VectorBackup:
    """Prove that a Qdrant collection can be restored: ``proven(prompts)``.

    A snapshot is made and fetched, its checksum compared, and restored into an empty scratch collection; counts, ids,
    checksums of vectors and payloads, and searches are compared with the source. Points that changed in the source
    meanwhile are counted apart. Returns ``points compared meanwhile took_s size_mb wrong``. Snapshot, its copy here and
    scratch collection are journalled before they are made, and gone before it returns.

    Example:
        def test_vectors_can_be_restored(vector_backup, prompts):
            assert not vector_backup.proven(prompts).wrong
    """
    from pytest_llmops.operate.vector_backup import VectorBackup

    return VectorBackup(cast("Vectors", _llmops.own.serving("vectors")), change)
