"""What the application's own dashboard says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record


@pytest.mark.after_changes
@pytest.mark.procedure(
    "voyageur.morning-health.service-status",
    "voyageur.maintenance.post-service-verification",
    "voyageur.dr.scenario-a-container-failure",
    fault="dashboard:critical",
)
def test_dashboard_says_healthy(app_command: AppCommands) -> None:
    """The dashboard calls the whole healthy."""
    report = app_command.report("dashboard")
    assert report.healthy, f"dashboard: {report.status}; {'; '.join(report.alerts)}"


@pytest.mark.procedure("voyageur.morning-health.no-active-alerts", fault="dashboard:alerts")
def test_dashboard_shows_no_alert(app_command: AppCommands, record: Record) -> None:
    """The dashboard shows no active alert."""
    report = app_command.report("dashboard")
    record("active_alerts", len(report.alerts), "alerts", of="; ".join(report.alerts))
