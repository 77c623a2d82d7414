"""Logs after maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.measuring import Record

QUARTER_S = 900


@pytest.mark.procedure("document-enhancer.post-maintenance.watch-15-min", fault="app_log:failing")
def test_no_error_for_15_minutes(logs: Logs, record: Record) -> None:
    """The last 15 minutes of the application's log hold no error: look 15 minutes after the maintenance, or again."""
    record("watched_errors", logs.count("app", since_s=QUARTER_S, level="error"), "entries")
