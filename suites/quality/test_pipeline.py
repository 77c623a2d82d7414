"""The pipeline as a whole: one known document goes in, and what is to be written of it comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("document-enhancer.dependencies.pipeline-chain", fault="pipeline_chain:unset")
@pytest.mark.procedure("document-enhancer.dependencies.pipeline-chain", fault="pipeline_chain:unwritten")
@pytest.mark.procedure("document-enhancer.dependencies.pipeline-chain", fault="pipeline_chain:lacking")
@pytest.mark.procedure("document-enhancer.dependencies.pipeline-chain", fault="pipeline_chain:unasked")
@pytest.mark.procedure("document-enhancer.dependencies.pipeline-chain", fault="pipeline_chain:silent")
def test_a_document_goes_through_the_whole_chain(app_command: AppCommands, record: Record) -> None:
    """Settings load, the document is converted, its metadata is written with every field, the LLM's client answers."""
    chain = app_command.json("pipeline_chain")
    record("chapters_with_metadata", chain["written"], "chapters")
    assert not chain["failed"], f"pipeline: {chain['failed']}"
    assert chain["written"], "pipeline: no metadata was written of the document"
    assert not chain["lacking"], f"pipeline: its metadata lacks {', '.join(chain['lacking'])}"
    assert chain["asked"], "pipeline: the client of the LLM sent no question"
    assert chain["answer"].strip(), "pipeline: the client of the LLM brought no answer"
