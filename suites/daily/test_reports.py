"""Reports of the day: what the dashboard shows is written down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("voyageur.evening-review.daily-metrics-json", fault="dashboard:garbage")
def test_metrics_of_the_day_are_kept(app_command: AppCommands, documents: Documents) -> None:
    """The dashboard's metrics are written to a dated JSON file, which can be read back and holds them."""
    shown = app_command.json("dashboard")
    kept = documents.read(documents.write("llm-metrics.json", json.dumps(shown, indent=1)))
    assert kept.get("metrics"), "app_command: the dashboard's JSON holds no metrics"


@pytest.mark.procedure("voyageur.evening-review.daily-summary", fault="dashboard_summary:fails")
@pytest.mark.procedure("voyageur.evening-review.daily-summary", fault="dashboard_summary:noise")
def test_summary_of_the_day_is_kept(app_command: AppCommands, documents: Documents) -> None:
    """The dashboard's summary is written to a dated text file, which holds more than what its start prints."""
    summary = app_command.text("dashboard_summary")
    kept = documents.read(documents.write("daily-summary.txt", summary))
    assert "Status:" in kept, f"app_command: dashboard_summary printed no status: {app_command.quoted(kept)}"


@pytest.mark.procedure("voyageur.evening-review.model-usage-distribution", fault="dashboard:fails")
def test_model_usage_of_the_day(app_command: AppCommands, record: Record) -> None:
    """The share of the requests that each model served, as the dashboard counts them."""
    record.shares("model_share", app_command.json("dashboard")["metrics"]["models"])
