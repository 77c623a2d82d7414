"""The page for people, as the dashboard that is looked at: it is there, and what it counts is of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.measuring import Record


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.channels.dashboard", fault="ui:page")
def test_page_counts_its_sessions(ui: Ui, record: Record) -> None:
    """The page is served, and its own figures, made when they are asked for, say who is there."""
    record("ui_health_time", ui.health(), "s")
    record("ui_sessions", ui.sessions().active, "sessions")


@pytest.mark.procedure("agent-aiops.sessions.usage-patterns", fault="ui:page")
def test_how_long_sessions_last(ui: Ui, record: Record) -> None:
    """The mean duration of the sessions that have ended since the page's server was started."""
    record("session_duration_mean", ui.sessions().mean_s, "s")
