"""Logs of the week: which errors there are most, what was used, what is put away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents

WEEK_S = 7 * 86400
WHOSE_ERRORS = "llm_operations"
"""The log of the models' calls, where they have one of their own."""


@pytest.mark.generic
@pytest.mark.procedure("voyageur.friday-qa.error-pattern-analysis", fault="week_logs:fails")
def test_error_patterns(logs: Logs, record: Record, documents: Documents) -> None:
    """The errors among the newest 1000 lines, those that say the same together, the most frequent first."""
    log = WHOSE_ERRORS if logs.has(WHOSE_ERRORS) else "app"
    newest = logs.entries(log).judged().last(1000)
    if log == WHOSE_ERRORS and not newest:
        raise Vacuous(f"logs: no line of {log} is of the models' calls, so that none is an error tells nothing.")
    errors = newest.at_least("error")
    patterns = errors.top(1000)
    record("error_patterns", len(patterns), "kinds")
    report = errors.report("Error patterns", groups=len(patterns))
    written = documents.read(documents.write("error-patterns.md", report))
    for group in patterns:
        assert f"| {group.count} |" in written, f"logs: not in the document: {group}"


@pytest.mark.generic
@pytest.mark.procedure(
    "document-enhancer.log-analysis.error-summary", fault="app_log:missing, old_logs:missing, log:off"
)
def test_error_summary(logs: Logs, record: Record, documents: Documents) -> None:
    """The errors of the week, counted for each type, as a document."""
    errors = logs.entries("app", since_s=WEEK_S, level="error").judged()
    for kind in errors.types():
        record(f"errors_of_type[{kind.says}]", kind.count, "entries")
    record("errors_of_the_week", len(errors), "entries")
    assert documents.read(documents.write("error-summary.md", errors.report("Errors of the week", by_type=True)))


@pytest.mark.procedure("document-enhancer.log-cleanup.archive-logs", fault="app_log:missing, old_logs:missing, log:off")
def test_rotated_logs_are_archived(logs: Logs, record: Record) -> None:
    """Rotated files go into this month's archive, which holds each of them as it is."""
    rotated = logs.rotated("app")
    logs.archive("app")
    record("archived_logs", len(rotated), "files")


@pytest.mark.procedure("agent-aiops.optimisation.query-patterns", fault="request_log:missing")
def test_what_is_asked(logs: Logs, record: Record, documents: Documents) -> None:
    """How often questions of each topic and length were asked, each once, as a document without the questions."""
    asked = logs.entries("llm_requests", since_s=WEEK_S).judged().first_of_each("question")
    record("questions_of_the_week", len(asked), "questions")
    for name in ("topic", "length"):
        for value, entries in asked.by(name).items():
            record(f"questions_by_{name}[{value}]", len(entries), "questions")
    assert documents.read(documents.write("questions.md", asked.breakdown("Questions of the week", "topic", "length")))


@pytest.mark.procedure("agent-aiops.performance-review.tool-usage", fault="tool_log:missing")
def test_tool_usage(logs: Logs, record: Record, documents: Documents) -> None:
    """Calls, failures and the mean duration of each tool in the week, as a document."""
    week = logs.entries("tools", since_s=WEEK_S).judged()
    for tool, calls in week.by("tool_name").items():
        record(f"tool_calls[{tool}]", len(calls), "calls")
        record(f"tool_failures[{tool}]", len(calls.having(success=False)), "calls")
        record(f"tool_duration[{tool}]", calls.mean("duration_ms"), "ms")
    report = week.breakdown("Tools of the week", "tool_name", failed={"success": False}, mean="duration_ms")
    assert documents.read(documents.write("tool-usage.md", report))


@pytest.mark.procedure("agent-aiops.sessions.usage-patterns", fault="user_log:missing")
@pytest.mark.procedure("agent-aiops.sessions.usage-patterns", fault="request_log:missing")
def test_when_it_is_used(logs: Logs, record: Record, documents: Documents) -> None:
    """What users did by hour and by day, and the mean duration of a request; sessions are not logged."""
    used = logs.entries("users", since_s=WEEK_S).judged()
    record("interactions_of_the_week", len(used), "entries")
    asked = logs.entries("requests", since_s=WEEK_S).judged()
    record("request_duration_mean", asked.mean("duration_ms"), "ms")
    when, how_long = used.breakdown("Use", "hour", "day"), asked.breakdown("Requests", "day", mean="duration_ms")
    assert documents.read(documents.write("use-by-hour-and-day.md", f"{when}\n{how_long}"))
