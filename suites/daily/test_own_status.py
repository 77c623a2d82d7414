"""What the application says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.own_status import OwnStatus
    from pytest_llmops.plugin.measuring import Record


@pytest.mark.procedure("voyageur.morning-health.service-status", fault="dashboard:critical")
def test_application_calls_itself_healthy(own_status: OwnStatus) -> None:
    """The overall status of the dashboard is good; a dashboard that has counted nothing says nothing."""
    why = own_status.not_good()
    assert not why, why


@pytest.mark.procedure("voyageur.morning-health.no-active-alerts", fault="dashboard:alerts")
def test_application_is_alarmed_about_nothing(own_status: OwnStatus, record: Record) -> None:
    """The dashboard shows no active alert; one that has counted nothing says nothing."""
    alerts = own_status.alerts()
    record("own_alerts", len(alerts), "alerts", of="; ".join(alerts))
    assert not alerts, f"app_command: active alerts: {'; '.join(alerts)}"
