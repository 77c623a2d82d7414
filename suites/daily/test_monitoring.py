"""Monitoring: nothing fires, every alert has its playbook, the dashboards are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.grafana import Grafana
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Record


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.daily.prometheus-alerts", fault="prometheus:firing")
def test_no_alert_is_firing(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """No alert fires; where no rule is deployed, none ever can."""
    pending = [one.name for one in prometheus.alerts() if one.state == "pending"]
    record("pending_alerts", len(pending), "alerts", of=", ".join(pending))
    firing = ", ".join(alert.name for alert in lint.firing())
    record("firing_alerts", len(lint.firing()), "alerts", of=firing)
    assert not firing, f"prometheus: firing: {firing}"
    lint.meant("rule", "(none)")


@pytest.mark.procedure("enterprise-pipeline.daily.alert-playbooks", fault="prometheus:firing")
def test_every_alert_has_a_playbook(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """Every alert rule and every firing alert is one that a playbook tells how to deal with."""
    strangers = lint.strangers()
    record("alerts_without_playbook", len(strangers), "alerts", of=", ".join(strangers))
    assert not strangers, f"{prometheus.component}: no playbook for {', '.join(strangers)}"
    lint.meant("rule", "(none)")


@pytest.mark.procedure("enterprise-pipeline.daily.alert-playbooks", fault="playbooks:fewer")
def test_playbooks_are_written_down(lint: Lint, record: Record) -> None:
    """The document holds a playbook for each alert that the runbook counts on."""
    assert not lint.unwritten(), f"the document has no playbook for {', '.join(lint.unwritten())}"
    record("documented_alerts", len(lint.playbooks()), "alerts")


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.daily.grafana-available", fault="grafana:database")
def test_grafana_is_available(grafana: Grafana, record: Record) -> None:
    """Grafana answers, and its own database is ok."""
    health = grafana.health()
    assert health.database == "ok", f"grafana: its own database is {health.database}"
    record("grafana_health_time", health.elapsed_s, "s")


@pytest.mark.procedure("enterprise-pipeline.daily.grafana-available", fault="grafana:row-gone")
def test_dashboards_are_whole(grafana: Grafana, record: Record) -> None:
    """The dashboards that the runbook reads are there, with all their rows and panels."""
    for board in grafana.expected():
        assert not grafana.lacks(board), f"grafana: {board.title} lacks {', '.join(grafana.lacks(board))}"
        record("dashboard_rows", len(board.rows), "rows", of=board.title)


@pytest.mark.generic
@pytest.mark.procedure(fault="grafana:down")
def test_every_panel_draws_something(grafana: Grafana, lint: Lint, record: Record) -> None:
    """No panel asks only for what nobody exports or what never moves."""
    record("dashboards", len(grafana.search()), "dashboards")
    lint.meant("panel")
