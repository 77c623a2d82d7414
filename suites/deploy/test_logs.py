"""Logs around a deployment: folders to write to, rotation, and no error once it is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Record


no_folders = pytest.mark.procedure(
    "document-enhancer.layout.folders-exist",
    fault="layout:missing, rules:missing, settings_file:missing, maintenance_flag:missing",
)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("layout", marks=no_folders),
        pytest.param(
            "writable_layout",
            marks=pytest.mark.procedure("document-enhancer.layout.folders-exist", fault="layout:readonly"),
        ),
    ],
)
def test_folders_exist(files: Files, record: Record, name: str) -> None:
    """Every folder that the application needs is there, and its user can write it where it writes."""
    found = files.found(name, some=False)
    record(f"folders[{name}]", len(found), "folders")
    assert not found.wrong, f"files: {'; '.join(found.wrong)}"


@no_folders
def test_folders_that_the_runbook_alone_knows(files: Files) -> None:
    """The runbook names no folder that nothing of the application makes, writes or reads."""
    assert files.found("layout")
    if missing := files.found("runbook_layout", some=False).missing:
        raise Vacuous(f"files: the runbook has folders that are not there and nobody needs: {', '.join(missing)}.")


@pytest.mark.after_changes
@pytest.mark.procedure("document-enhancer.deploy-verify.watch-logs", fault="log:errors")
def test_no_error_after_the_deployment(logs: Logs, record: Record) -> None:
    """No error arrives in the application's log while it is watched."""
    errors = logs.follow("app").judged().at_least("error")
    file = logs.files("app")[-1].name
    record("watched_errors", len(errors), "entries", of=f"in {file}: {'; '.join(map(str, errors.top(3))) or 'none'}")


@pytest.mark.procedure("document-enhancer.logrotate.configuration", fault="logrotate_entry:weekly")
@pytest.mark.procedure("document-enhancer.logrotate.configuration", fault="logrotate_entry:elsewhere")
@pytest.mark.procedure("document-enhancer.logrotate.configuration", fault="logrotate_trial:broken")
def test_logrotate_is_configured(logs: Logs) -> None:
    """Logrotate's entry is of the logs that are written, has all directives, and a debug run does not complain."""
    rotation = logs.rotation()
    assert not rotation.lacking, f"logs: logrotate's entry lacks: {', '.join(rotation.lacking)}"
    assert not rotation.complaints, f"logs: logrotate says: {'; '.join(rotation.complaints)}"
    unfit = f"logs: logrotate's entry is of {', '.join(rotation.patterns) or 'no file'}, which leaves out: "
    assert not rotation.left_out, unfit + ", ".join(rotation.left_out[-3:])
