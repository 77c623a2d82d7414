"""Triage: how bad is it, by what evidence, and is that known within two minutes?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.diagnostics import Diagnostics
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage


@pytest.mark.generic
@pytest.mark.procedure("document-enhancer.incident-steps.assess", fault="api:down")
def test_no_severity_applies(triage: Triage, record: Record) -> None:
    """No severity of the runbook applies now; where one does, every check that failed is named."""
    record("failed_checks", len(triage.evidence), "checks")
    assert not triage.severity, triage.said


@pytest.mark.procedure("document-enhancer.incident-steps.assess", fault="machine:busy")
def test_no_limit_is_broken(triage: Triage, record: Record) -> None:
    """Every limit that can be read now is judged, and each that is broken is named."""
    record("limits_judged", triage.looked_at("figure"), "limits")
    assert not triage.failed("figure"), "; ".join(triage.failed("figure"))
    triage.all_seen("figure")


ASSESSED = ("commands/dashboard.json", "alerts/api.json", "containers.json")


@pytest.mark.procedure("voyageur.incident.assess-alerts", fault="dashboard:garbage")
@pytest.mark.procedure("voyageur.incident.assess-alerts", fault="containers:fails")
def test_assessment_ends_within_two_minutes(diagnostics: Diagnostics, record: Record) -> None:
    """The alerts, the model server and its container are looked at within the time of an immediate assessment."""
    took_s = diagnostics.took_with_triage_s(*ASSESSED)
    record("assessment_time", took_s, "s", of="triage, dashboard, alerts, containers")
    failed = [one for one in diagnostics.failed if one.startswith(ASSESSED)]
    assert not failed, "; ".join(failed)


@pytest.mark.procedure("voyageur.incident.assess-alerts", fault="alerts:broken")
def test_alerts_of_the_service_stand_with_the_incident(diagnostics: Diagnostics, record: Record) -> None:
    """The alerts that the service itself holds active lie with the incident."""
    alerts = diagnostics.read("alerts/api.json")
    record("service_alerts", len(alerts), "alerts", of="; ".join(alerts))


@pytest.mark.procedure("voyageur.incident.assess-alerts", fault="dashboard:garbage")
def test_alerts_of_the_dashboard_stand_with_the_incident(
    diagnostics: Diagnostics, app_command: AppCommands, record: Record
) -> None:
    """The dashboard's alerts lie with the incident; those of a process that has counted nothing say nothing."""
    shown = app_command.report("dashboard", diagnostics.read("commands/dashboard.json"))
    record("dashboard_alerts", len(shown.alerts), "alerts", of="; ".join(shown.alerts))


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.api-failure.recovery-verification", fault="api:degraded")
def test_everything_is_back(triage: Triage, record: Record) -> None:
    """Every part can be reached, and every health route that there is says that all is well."""
    record("health_checks", triage.looked_at("component", "health"), "checks")
    assert not triage.failed("component", "health"), "; ".join(triage.failed("component", "health"))
    triage.all_seen("component", "health")
