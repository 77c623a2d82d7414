"""The checks of health themselves: they pass where all is well, and fail where nobody is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.report.documents import Documents


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.weekly.validate-health-checks", fault="llm:down")
@pytest.mark.procedure("aegis-rag.weekly.validate-health-checks", fault="api:degraded")
@pytest.mark.procedure("aegis-rag.weekly.validate-health-checks", fault="vectors:not-ready")
@pytest.mark.procedure("aegis-rag.weekly.validate-health-checks", fault="llm:no-models")
def test_health_checks_can_fail(triage: Triage, record: Record) -> None:
    """Every check of health is well now, and each of them fails where its dependency is replaced by a dead address."""
    record("health_checks", triage.looked_at("component", "health", "dependency", "models"), "checks")
    failed = triage.failed("component", "health", "dependency", "models")
    assert not failed, "; ".join(failed)
    dead = triage.at_dead_addresses()
    record("checks_at_dead_addresses", dead.made, "checks")
    record("blind_health_checks", len(dead.blind), "checks")
    assert not dead.blind, f"does not fail at an address at which nobody listens: {'; '.join(dead.blind)}"


@pytest.mark.generic
@pytest.mark.procedure("document-enhancer.weekly-maintenance.health-report", fault="api:down")
def test_weekly_health_report(triage: Triage, documents: Documents, record: Record) -> None:
    """The weekly report says what every check of health found, and all of them are well."""
    report = documents.write("weekly-health-report.md", triage.outcome("Weekly health report"))
    record("report_length", len(documents.read(report)), "characters")
    assert not triage.failed("component", "health", "dependency", "models"), triage.said


@pytest.mark.generic
@pytest.mark.procedure(fault="vectors:not-ready")
def test_no_check_fails(triage: Triage, record: Record) -> None:
    """All checks of health are made, each failure is reported, and one is enough to fail."""
    record("health_checks", triage.looked_at("component", "health", "dependency", "models"), "checks")
    failed = triage.failed("component", "health", "dependency", "models")
    record("failed_checks", len(failed), "checks")
    assert not failed, "; ".join(failed)


@pytest.mark.procedure("aegis-rag.health.overall-result", fault="vectors:not-ready")
@pytest.mark.procedure("aegis-rag.health.overall-result", fault="llm:no-models")
def test_no_mandatory_check_fails(triage: Triage, record: Record) -> None:
    """API, Qdrant and Ollama work, each failure is reported; that Jina or what watches fails is none of it.

    The API calls itself unwell where Jina fails, so only whether it answers is asked of it here.
    """
    failed = [
        *triage.failed_of("api", "component"),
        *triage.failed_of("qdrant", "component", "health"),
        *triage.failed_of("ollama", "component", "models"),
    ]
    record("failed_checks", len(failed), "checks")
    assert not failed, "; ".join(failed)
