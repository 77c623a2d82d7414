"""The knowledge base: its index is made anew, and is of now and of every document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("agent-aiops.knowledge-base.refresh-index", fault="rag_refresh:swallowed")
@pytest.mark.procedure("agent-aiops.knowledge-base.refresh-index", fault="rag_refresh:swallowed, rag_index:recent")
@pytest.mark.procedure("agent-aiops.knowledge-base.refresh-index", fault="rag_indexed:fewer")
def test_index_is_refreshed(
    operation: Callable[[str], Operated], files: Files, app_command: AppCommands, record: Record
) -> None:
    """After a refresh the index was written just now, and holds as many documents as there are."""
    was = files.found("rag_index", some=False).newest
    record("index_refresh_duration", operation("refresh-index").took_s, "s")
    wrote = files.found("rag_index").newest != was
    assert wrote, "rag_index: the newest file is the one that was there before the refresh, which wrote nothing"
    record("index_age", files.newest_age_s("rag_index"), "s")
    there, indexed = len(files.found("rag_documents")), app_command.json("rag_indexed")["documents"]
    record("rag_documents_indexed", indexed, "documents")
    assert indexed == there, f"the index holds {indexed} documents, of {there}; its log says which it could not read"
