"""The vector store under more and more searches at a time, and under writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.loading import LoadRun

EACH = 60


@pytest.mark.needs("qdrant")
@pytest.mark.procedure("enterprise-pipeline.scaling.qdrant-concurrent-reads", fault="vectors:errors=0.2")
@pytest.mark.procedure("enterprise-pipeline.scaling.qdrant-concurrent-reads", fault="vectors:slow=0.4")
@pytest.mark.parametrize("at_a_time", [1, 4, 8])
def test_searches_at_a_time(load_run: LoadRun, vectors: Vectors, at_a_time: int) -> None:
    """Searches of as many users as there are: p95, and how many are answered in a second."""
    load_run("vector_searches", vectors, concurrency=at_a_time, calls=EACH)


@pytest.mark.needs("qdrant")
@pytest.mark.procedure("enterprise-pipeline.scaling.qdrant-concurrent-reads", fault="vectors:read-only")
@pytest.mark.procedure("enterprise-pipeline.scaling.qdrant-concurrent-reads", fault="vectors:slow=0.4")
@pytest.mark.parametrize("at_a_time", [1, 4, 8])
def test_writes_at_a_time(load_run: LoadRun, vectors: Vectors, at_a_time: int) -> None:
    """The same of points that are written into a scratch collection, which is dropped again."""
    with vectors.scratch() as scratch:
        load_run("vector_writes", vectors, into=scratch, concurrency=at_a_time, calls=EACH)
