"""One document through the pipeline: as an operator starts it, and with all that it has to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.disruptive
@pytest.mark.procedure("document-enhancer.start.with-config-and-input", fault="one_document:none")
@pytest.mark.procedure("document-enhancer.start.with-config-and-input", fault="one_document:crashed")
def test_one_document_comes_out(app_command: AppCommands) -> None:
    """Started with a configuration and a folder that holds one document, it ends well and puts out one."""
    ran = app_command.json("one_document")
    assert ran["exit"] == 0, f"one_document: the pipeline ended with exit status {ran['exit']}; it said: {ran['said']}"
    assert len(ran["outputs"]) == 1, f"one_document: of one document it put out {ran['outputs'] or 'none'}"


@pytest.mark.disruptive
@pytest.mark.procedure("document-enhancer.commands-reference.debug-mode", fault="debug_run:quiet")
@pytest.mark.procedure("document-enhancer.commands-reference.debug-mode", fault="debug_run:fails")
def test_debug_mode_tells_more(app_command: AppCommands, documents: Documents, record: Record) -> None:
    """One document in debug mode: it ends well, and its output, kept without secrets, has lines of level DEBUG."""
    lines = app_command.lines("debug_run")
    kept = documents.read(documents.write("debug-run.log", "\n".join(lines)))
    told = [line for line in kept.splitlines() if "DEBUG" in line]
    record("debug_lines", len(told), "lines")
    assert told, f"debug_run: none of its {len(lines)} lines is of level DEBUG"
