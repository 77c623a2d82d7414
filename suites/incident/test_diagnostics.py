"""Diagnostics: what an investigation needs is collected while the incident lasts, and without a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous
from pytest_llmops.report.markdown import parts_of

if TYPE_CHECKING:
    from pytest_llmops.plugin.channels import Channels
    from pytest_llmops.plugin.diagnostics import Diagnostics
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.report.documents import Documents


@pytest.mark.generic
@pytest.mark.procedure("voyageur.incident.diagnostics-system-state", fault="llm:down")
@pytest.mark.procedure("document-enhancer.incident-steps.assess", fault="gateway:down")
def test_bundle_is_whole(triage: Triage, diagnostics: Diagnostics, record: Record) -> None:
    """What an investigation wants lies in one folder, and nothing that was there failed to answer.

    The report in it proposes the severity that triage found, and names each check that failed as its evidence.
    """
    said = diagnostics.report_parts
    record("diagnostics_files", len(diagnostics.files), "files")
    record("diagnostics_time", diagnostics.took_s, "s")
    assert said["Severity"] == triage.told().severity, f"the report says {said['Severity']}, and {triage.said}"
    lost = [one.title for one in triage.evidence if one.title not in said["Evidence"]]
    assert not lost, f"the report does not name as evidence: {', '.join(lost)}"
    assert not diagnostics.failed, "; ".join(diagnostics.failed)


@pytest.mark.procedure("voyageur.incident.diagnostics-system-state", fault="dashboard:garbage")
def test_system_state_is_saved(diagnostics: Diagnostics, record: Record) -> None:
    """The dashboard's JSON lies in a folder of this incident and parses."""
    record("dashboard_keys", len(diagnostics.read("commands/dashboard.json")), "keys")


@pytest.mark.generic
@pytest.mark.needs("llm")
@pytest.mark.procedure("voyageur.incident.component-benchmark", fault="llm:down")
@pytest.mark.procedure("voyageur.incident.component-benchmark", fault="llm:errors=0.5")
def test_benchmark_is_saved(diagnostics: Diagnostics, record: Record) -> None:
    """One short answer of each model server for each detail level is timed, and lies with the incident."""
    levels = [
        (level, one) for file in diagnostics.wanted("benchmark/") for level, one in diagnostics.read(file).items()
    ]
    failed = [f"{level}: {one['error']}" for level, one in levels if "error" in one]
    for level, one in levels:
        if "error" not in one:
            record(f"benchmark_time[{level}]", one["seconds"], "s", of=one["model"])
    assert levels, "no model server has a detail level to be timed at"
    assert not failed, "; ".join(failed)


@pytest.mark.procedure("voyageur.incident.incident-report", fault="dashboard_summary:fails")
@pytest.mark.procedure("voyageur.incident.incident-report", fault="dashboard_summary:noise")
def test_incident_report(triage: Triage, diagnostics: Diagnostics, record: Record) -> None:
    """The report tells time, severity, status, system summary, what was really done, and the next steps."""
    said = diagnostics.report_parts
    record("report_parts", len(said), "parts")
    asked = ("Time", "Severity", "Status", "Current system state", "Actions taken", "Next steps")
    lacking = [part for part in asked if not said.get(part)]
    assert not lacking, f"the incident report does not say: {', '.join(lacking)}"
    assert said["Severity"] == triage.told().severity, f"the report says {said['Severity']}, and {triage.said}"
    assert diagnostics.folder.name in said["Actions taken"], "the report does not say that diagnostics were collected"
    summary = diagnostics.read("commands/dashboard_summary.txt").strip()
    assert summary in said["Current system state"], "the report lacks what the dashboard says of the system"
    assert "Status:" in summary, f"dashboard_summary printed no status: {summary}"


@pytest.mark.procedure("voyageur.incident.send-notification", fault="notify:refused")
def test_report_is_delivered(triage: Triage, diagnostics: Diagnostics, channels: Channels, record: Record) -> None:
    """The incident report is delivered where this severity goes, and accepted; without an incident a test message."""
    deliveries = channels.report(triage, diagnostics)
    record("deliveries", len(deliveries), "deliveries")
    assert all(one.accepted for one in deliveries), "; ".join(one.said for one in deliveries)


@pytest.mark.procedure("voyageur.post-incident.review-deadline", fault="incidents:unreviewed")
def test_review_is_not_overdue(triage: Triage, record: Record) -> None:
    """The post-incident document of every incident is there within a day of its end."""
    record("review_delay", triage.answers.review_s(), "s", of=triage.answers.review_of())


@pytest.mark.procedure("document-enhancer.incident-steps.review", fault="incidents:torn")
def test_review_is_prepared(triage: Triage, documents: Documents, record: Record) -> None:
    """The post-incident document is there for a person to complete, with the whole timeline and the evidence."""
    review = documents.read(documents.write("post-incident-review.md", triage.review()))
    timeline = triage.answers.timeline()
    record("timeline_events", len(timeline), "events")
    lost = [what for _, what in timeline if what not in review]
    assert not lost, f"the post-incident document lacks of the timeline: {'; '.join(lost)}"
    said = parts_of(review)
    lacking = [part for part in ("Timeline", "Metrics", "Actions taken", "Evidence") if not said.get(part)]
    assert not lacking, f"the post-incident document says nothing under: {', '.join(lacking)}"
    record("unreadable_events", triage.torn, "events")
    assert not triage.torn, (
        f"{triage.torn} events of the record of incidents cannot be read, so the timeline lacks them; "
        f"complete it by hand: {triage.record_file}"
    )
    if not triage.answers.records:
        raise Vacuous("no incident of this target is recorded, so there is nothing to review.")
