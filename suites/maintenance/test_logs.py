"""Logs after maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Record

pytestmark = pytest.mark.after_changes

QUARTER_S = 900


@pytest.mark.procedure("document-enhancer.post-maintenance.watch-15-min", fault="log:errors")
def test_no_error_for_15_minutes(logs: Logs, record: Record) -> None:
    """No error arrives in the application's log in 15 minutes from now on: what came before the maintenance is over."""
    errors = logs.follow("app", QUARTER_S).judged().at_least("error")
    file = logs.files("app")[-1].name
    record("watched_errors", len(errors), "entries", of=f"in {file}: {'; '.join(map(str, errors.top(3))) or 'none'}")
