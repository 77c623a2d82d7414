"""After maintenance: does everything work, what came of it, and who has been told?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.plugin.channels import Channels
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.after_changes


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.maintenance.verify", fault="llm:no-models")
@pytest.mark.procedure("agent-aiops.maintenance.verify", fault="ui:failing")
@pytest.mark.procedure("agent-aiops.maintenance.verify", fault="machine:full")
@pytest.mark.procedure("agent-aiops.maintenance.verify", fault="machine:starved")
def test_everything_works(triage: Triage, record: Record) -> None:
    """Every part can be reached, its models are there and answer, and each health route and figure says: all well."""
    record("health_checks", triage.looked_at("component", "health", "dependency", "models", "figure"), "checks")
    failed = triage.failed("component", "health", "dependency", "models", "figure")
    assert not failed, "; ".join(failed)
    triage.all_seen("component", "health", "dependency", "models", "figure")


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.maintenance.diagnostics", fault="llm:down")
def test_system_diagnostics(triage: Triage, record: Record) -> None:
    """Services answer, and disk, memory and whatever else has a limit are within it."""
    record("diagnostics", triage.looked_at(), "checks")
    assert not triage.evidence, triage.said
    triage.all_seen()


@pytest.mark.procedure("agent-aiops.maintenance.diagnostics", fault="machine:full")
def test_room_and_memory_are_left(record: Record) -> None:
    """Disk and memory were looked at, not only what happened to be to hand, and are within their limits."""
    record.figure("disk_free")
    record.figure("memory_usage")


@pytest.mark.procedure("voyageur.maintenance.result-log", fault="dashboard_summary:fails")
@pytest.mark.procedure("voyageur.maintenance.result-log", fault="dashboard_summary:noise")
def test_result_is_written(triage: Triage, app_command: AppCommands, documents: Documents) -> None:
    """The maintenance result tells time, outcome by what was verified, and what the dashboard says."""
    summary = app_command.text("dashboard_summary")
    documents.write("maintenance-log.md", triage.outcome("Maintenance", summary=summary))
    assert "Status:" in summary, f"app_command: dashboard_summary printed no status: {app_command.quoted(summary)}"


@pytest.mark.procedure("agent-aiops.maintenance.notify-completion", fault="notify:refused")
def test_completion_is_told(triage: Triage, channels: Channels, documents: Documents) -> None:
    """The notice of completion says what was verified, and the channel that everybody reads accepts it."""
    notice = triage.outcome("Maintenance completed")
    documents.write("maintenance-notice.md", notice)
    delivery = channels.send("email", "Maintenance completed", notice)
    assert delivery.accepted, delivery.said


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.emergency-maintenance.document", fault="llm:down")
def test_emergency_change_is_documented(triage: Triage, documents: Documents) -> None:
    """The record of an emergency change tells time, reason and verification, for a person to complete; all is well."""
    text = triage.outcome("Emergency change", reason="[to be completed: what was wrong, and what was changed]")
    documents.write("emergency-change.md", text)
    assert not triage.severity, triage.said


@pytest.mark.procedure("voyageur.maintenance.post-benchmark", fault="llm:slow=1.6")
def test_answers_take_no_longer_than_before(measure: Measure, llm: Llm, prompts: Workload) -> None:
    """Whole answers after maintenance, compared with the accepted runs of every day, from before it."""
    measure(
        "benchmark_after_maintenance",
        llm,
        lambda llm, prompt: llm.generate(prompt),
        prompts=prompts,
        like="generation_latency",
    )
