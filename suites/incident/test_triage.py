"""Triage: how bad is it, by what evidence, and is that known within two minutes?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.plugin.triaging import Diagnostics, Triage


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


@pytest.mark.procedure("voyageur.incident.assess-alerts", fault="dashboard:garbage")
def test_alerts_are_known_within_two_minutes(triage: Triage, diagnostics: Diagnostics, record: Record) -> None:
    """The dashboard's alerts stand with the incident, and the immediate assessment took no longer than it may."""
    record("dashboard_alerts", len(diagnostics.read("commands/dashboard.json")["alerts"]), "alerts")
    record("triage_time", triage.took_s, "s")


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.api-failure.recovery-verification", fault="api:degraded")
def test_everything_is_back(triage: Triage, record: Record) -> None:
    """Every part can be reached, and every health route that there is says that all is well."""
    record("health_checks", triage.looked_at("component", "health"), "checks")
    assert not triage.failed("component", "health"), "; ".join(triage.failed("component", "health"))
