"""Weekly: what is in force is what is meant, and what is searched is what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("voyageur.wednesday-performance.cache-backend-config", fault="cache_config:in-memory")
def test_cache_is_shared(app_command: AppCommands) -> None:
    """The cache that is in force is Redis, not the memory of each process."""
    backend = app_command.json("cache_config")["backend"]
    assert backend == "RedisCache", (
        f"app_command: the cache in force is {backend}, not RedisCache: each process has its own; see CACHES"
    )


@pytest.mark.procedure("voyageur.wednesday-performance.cache-backend-config", fault="cache_config:short")
def test_cache_timeout(record: Record) -> None:
    """The cache keeps what it is given as long as the settings say."""
    record.figure("cache_timeout")


@pytest.mark.procedure("agent-aiops.rag-tool.index-freshness", fault="rag_index:late")
@pytest.mark.procedure("agent-aiops.rag-tool.index-freshness", fault="rag_index:old")
def test_index_is_as_new_as_the_documents(files: Files, record: Record) -> None:
    """No document waits for the index that is searched for longer than a refresh."""
    record("index_lag", files.behind("rag_index", "rag_documents"), "s")
