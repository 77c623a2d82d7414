"""Logs around a deployment: folders to write to, rotation, and no error once it is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.measuring import Record


@pytest.mark.procedure("document-enhancer.layout.folders-exist", fault="layout:missing")
@pytest.mark.parametrize("name", ["layout", "writable_layout"])
def test_folders_exist(files: Files, record: Record, name: str) -> None:
    """Every folder that the application needs is there, and can be written where it writes."""
    found = files.found(name, some=False)
    record(f"folders[{name}]", len(found), "folders")
    assert not found.wrong, f"files: {'; '.join(found.wrong)}"


@pytest.mark.procedure("document-enhancer.deploy-verify.watch-logs", fault="log:errors")
def test_no_error_after_the_deployment(logs: Logs, record: Record) -> None:
    """No error arrives in the application's log while it is watched."""
    errors = logs.follow("app").judged().at_least("error")
    file = logs.files("app")[-1].name
    record("watched_errors", len(errors), "entries", of=f"in {file}: {'; '.join(map(str, errors.top(3))) or 'none'}")


@pytest.mark.procedure("document-enhancer.logrotate.configuration", fault="logrotate_entry:weekly")
@pytest.mark.procedure("document-enhancer.logrotate.configuration", fault="logrotate_trial:broken")
def test_logrotate_is_configured(logs: Logs) -> None:
    """Logrotate's entry has all of its directives, and a debug run has nothing to complain of."""
    rotation = logs.rotation()
    assert not rotation.lacking, f"logs: logrotate's entry lacks: {', '.join(rotation.lacking)}"
    assert not rotation.complaints, f"logs: logrotate says: {'; '.join(rotation.complaints)}"
