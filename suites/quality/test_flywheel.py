"""The weekly flywheel: what failed is found, told apart, looked at by people, and becomes what is tested next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.operate.flywheel import Flywheel
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History


@pytest.mark.procedure("enterprise-pipeline.weekly.flywheel-phase-1", fault="triage_rehearsal:fails")
@pytest.mark.procedure("enterprise-pipeline.weekly.flywheel-phase-1", fault="triage_rehearsal:mislabelled")
@pytest.mark.procedure("enterprise-pipeline.weekly.flywheel-phase-1", fault="triage_rehearsal:untasked")
def test_failures_become_tasks(flywheel: Flywheel, record: Record) -> None:
    """The first phase, in a folder of its own, writes a report of this ISO week, and tasks for the worst failures."""
    found = flywheel.rehearsed()
    record("triaged_answers", found.responses, "answers", of=found.week)
    record("triaged_failures", found.failures, "failures", of=found.week)


@pytest.mark.procedure("enterprise-pipeline.weekly.triage-report-exists", fault="triage_reports:last-week")
def test_report_of_the_week_is_there(flywheel: Flywheel, record: Record) -> None:
    """The triage report of this ISO week is there, and its numbers agree."""
    found = flywheel.report()
    record("failures_of_the_week", found.failures, "failures", of=f"{found.responses} answers of {found.week}")


@pytest.mark.procedure("enterprise-pipeline.weekly.new-failure-clusters", fault="triage_reports:clustered")
@pytest.mark.procedure("enterprise-pipeline.weekly.new-failure-clusters", fault="triage_reports:disagreeing")
def test_no_new_groups_of_failures(flywheel: Flywheel, record: Record) -> None:
    """The groups of failures that the report of the week before did not have."""
    new = flywheel.weeks().new_clusters
    record("new_failure_clusters", len(new), "clusters", of="; ".join(map(str, new)))


@pytest.mark.procedure("enterprise-pipeline.weekly.recurring-failures", fault="triage_reports:disagreeing")
def test_what_fails_again(flywheel: Flywheel, record: Record, documents: Documents) -> None:
    """What failed in this week and in the one before: groups, questions and kinds, in a document."""
    weeks = flywheel.weeks()
    documents.write("failures-of-the-week.md", weeks.document())
    record("recurring_failures", len(weeks.recurring), of="; ".join(weeks.recurring))


@pytest.mark.procedure("enterprise-pipeline.weekly.failure-distribution", fault="triage_reports:disagreeing")
def test_kinds_of_failures(flywheel: Flywheel, record: Record) -> None:
    """By how many points the share of each kind of failure is another than in the week before, the largest apart."""
    changes = flywheel.weeks().changes
    for kind, points in changes.items():
        record(f"failure_share_change[{kind}]", points, "points")
    most = next(iter(changes))
    record("largest_failure_share_change", abs(changes[most]), "points", of=most)


@pytest.mark.procedure(
    "enterprise-pipeline.weekly.annotate-next", "enterprise-pipeline.daily.grafana-feedback", fault="annotations:stuck"
)
@pytest.mark.procedure("enterprise-pipeline.daily.grafana-feedback", fault="annotations:backlog")
def test_tasks_are_handed_out(flywheel: Flywheel, record: Record) -> None:
    """The queue hands out the next task where one waits; how many do, and how long the oldest has."""
    queue = flywheel.queue()
    assert not queue.wrong, queue.wrong
    record("oldest_annotation", queue.oldest_s, "s")
    record("annotations_completed", queue.completed, "annotations")
    record("annotations_pending", queue.pending, "annotations", of=f"next: {queue.next or 'none'}", example="> 20")


@pytest.mark.procedure("enterprise-pipeline.weekly.eval-regression", fault="quality_eval:worse")
@pytest.mark.procedure("enterprise-pipeline.weekly.eval-regression", fault="quality_eval:fails")
def test_scores_have_not_fallen(flywheel: Flywheel, record: Record, history: History) -> None:
    """Each score of the application's own evaluation, and by how many % it is below what it usually is."""
    scores = flywheel.scores()
    for name, score in scores.items():
        record(f"eval_score[{name}]", score)
    for name, score in scores.items():
        record(f"quality_regression_pct[{name}]", history.fallen_pct(f"eval_score[{name}]", score), "%")


@pytest.mark.procedure("enterprise-pipeline.weekly.flywheel-phase-2", fault="flywheel_scratch_holds:lost")
@pytest.mark.procedure("enterprise-pipeline.weekly.flywheel-phase-2", fault="flywheel_phase_2:fails")
@pytest.mark.procedure("enterprise-pipeline.weekly.flywheel-phase-2", fault="flywheel_scratch:ignored")
def test_annotations_become_golden_cases(
    operation: Callable[[str], Operated], flywheel: Flywheel, record: Record
) -> None:
    """The second phase, on a scratch copy that goes again: every completed annotation becomes a case of each file."""
    operation("flywheel-phase-2")
    copy = flywheel.scratch()
    record("annotations_submitted", copy.submitted, "annotations")
    astray = copy.astray("imported", copy.grown)
    assert not astray, "; ".join(astray)


@pytest.mark.procedure("enterprise-pipeline.weekly.annotate-export", fault="flywheel_scratch_holds:lost")
@pytest.mark.procedure("enterprise-pipeline.weekly.annotate-export", fault="flywheel_scratch_holds:unreadable")
@pytest.mark.procedure("enterprise-pipeline.weekly.annotate-export", fault="annotate_export:fails")
def test_annotations_are_exported(operation: Callable[[str], Operated], flywheel: Flywheel, record: Record) -> None:
    """The export, into a scratch folder that goes again: as many cases as were submitted, and each can be read."""
    operation("export-annotations")
    copy = flywheel.scratch()
    record("annotations_submitted", copy.submitted, "annotations")
    astray = copy.astray("exported", copy.exported)
    assert not astray, "; ".join(astray)
