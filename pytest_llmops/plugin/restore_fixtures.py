"""The fixtures by which a backup is proven: made, restored where nobody reads, compared, and taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.model_backup import ModelLoss
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


@pytest.fixture
def model_loss(_llmops: Run, change: Change) -> Callable[..., ModelLoss]:
    """Lose a model of the Ollama server, and have it back: ``model_loss(model="")``, the timed one by default.

    ``take_away()`` keeps its build under a second name and deletes its own, ``refused(prompt)`` sees that who asks it
    is told so, ``bring_back(prompt)`` has the name stand for the same build again, by its digest, sees it answer and
    returns the seconds. No file of a model is touched. At the end of the test, whatever ended it, all is as it was.

    Example:
        def test_model_comes_back(model_loss, prompts):
            loss = model_loss()
            loss.take_away()
            loss.refused(prompts[0])
            loss.bring_back(prompts[0])
    """
    from pytest_llmops.operate.model_backup import ModelLoss

    return lambda model="": ModelLoss(cast("Ollama", _llmops.own.serving("ollama")), change, model)
