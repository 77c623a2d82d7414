"""The documentation: dated, there, and true of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.runbook import RunbookDocument
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("document-enhancer.header.review-date", fault="runbook:undated")
def test_runbook_states_its_version(runbook: RunbookDocument) -> None:
    """The runbook states which version of it this is."""
    assert runbook.version()


@pytest.mark.procedure("document-enhancer.header.review-date", fault="runbook:undated")
def test_runbook_is_dated(runbook: RunbookDocument, record: Record) -> None:
    """The runbook says when it was last updated and reviewed; how long ago that is, is kept."""
    record("runbook_age[updated]", runbook.age_days("updated"), "days")
    record("runbook_age[reviewed]", runbook.age_days("reviewed"), "days")


@pytest.mark.procedure("document-enhancer.support.documents-exist", fault="documents:empty")
def test_documents_are_there(app_command: AppCommands, record: Record) -> None:
    """The documents that the runbook points to exist and hold something."""
    found = app_command.lines("documents")
    record("runbook_documents", len(found), "files", of=f"there: {'; '.join(found) or 'none'}")


@pytest.mark.procedure("document-enhancer.support.documents-exist", fault="documents:fails")
@pytest.mark.procedure("agent-aiops.documentation.runbook-accuracy", fault="which:without-netstat")
def test_what_the_runbook_names_is_there(runbook: RunbookDocument) -> None:
    """Every program, command, path and route that the runbook names is there, but for those known to be absent."""
    lost = runbook.lost()
    assert not lost, f"runbook: names what is not there: {'; '.join(lost)}"


@pytest.mark.procedure("agent-aiops.documentation.runbook-accuracy", fault="runbook:renamed")
def test_what_is_looked_for_is_what_the_runbook_names(runbook: RunbookDocument) -> None:
    """Every command, path and address of the runbook is on the list of what is looked for, and nothing else is."""
    unlisted, unsaid = runbook.unlisted(), runbook.unsaid()
    assert not unlisted, f"runbook: names what runbook.names has not, so nobody looks for it: {', '.join(unlisted)}"
    assert not unsaid, f"runbook: does not name what runbook.names has: {'; '.join(unsaid)}"


@pytest.mark.procedure("document-enhancer.support.documents-exist", fault="runbook:fails")
@pytest.mark.procedure("agent-aiops.documentation.runbook-accuracy", fault="runbook:fails")
def test_what_the_runbook_names_was_always_there(runbook: RunbookDocument) -> None:
    """The runbook names nothing that the system never had."""
    assert runbook.text()
    if absent := runbook.never_there():
        raise Vacuous(f"runbook: names what this system does not have: {'; '.join(absent)}.")
