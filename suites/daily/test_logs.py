"""Logs: what they say of the last day, how large they are, and how far they reach back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported, Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents

DAY_S = 86400
NIGHT_S = 15 * 3600
MOST_FREQUENT = 20
"""Kinds of warnings whose numbers are kept for each day; all stand in the document."""


@pytest.mark.generic
@pytest.mark.procedure(
    "document-enhancer.commands.recent-error-count", fault="app_log:missing, old_logs:missing, log:off"
)
@pytest.mark.procedure("enterprise-pipeline.daily.log-errors", fault="pipeline_logs:error")
@pytest.mark.procedure("enterprise-pipeline.daily.log-errors", fault="pipeline_logs:traceback")
@pytest.mark.procedure("enterprise-pipeline.daily.log-errors", fault="pipeline_logs:console")
@pytest.mark.procedure("enterprise-pipeline.daily.log-errors", fault="pipeline_logs:crash")
def test_errors_of_the_last_day(logs: Logs, record: Record) -> None:
    """How many errors the application's log has of the last 24 hours; a traceback without a line of its own is one."""
    errors = logs.entries("app", since_s=DAY_S, level="error").judged()
    record("log_errors", len(errors), "entries")
    errors.whole()


@pytest.mark.procedure("voyageur.evening-review.total-requests", fault="day_logs:fails")
def test_requests_of_the_day(logs: Logs, record: Record) -> None:
    """How many requests to its models the application logged in the last 24 hours."""
    record("llm_requests", len(logs.event("llm_request", since_s=DAY_S).judged()), "requests")


@pytest.mark.procedure("voyageur.evening-review.error-rate", fault="day_logs:failing")
def test_error_rate_of_the_day(record: Record) -> None:
    """The share of calls to its models that failed, as the application logged them in the last 24 hours."""
    record.figure("llm_error_rate[day]")


@pytest.mark.procedure("voyageur.evening-review.success-rate", fault="day_logs:failing")
def test_success_rate_of_the_day(record: Record) -> None:
    """The share of calls to its models that were answered, as the application logged them in the last 24 hours."""
    record.figure("llm_success_rate[day]")


@pytest.mark.procedure("voyageur.evening-review.average-response-time", fault="day_logs:slow")
def test_response_time_of_the_day(logs: Logs, record: Record) -> None:
    """The mean time of the answers that the application logged in the last 24 hours: of its users, not of our calls."""
    answers = logs.event("llm_response", since_s=DAY_S).judged().having(answered=True)
    record("llm_response_time", answers.mean("took_s"), "s")


@pytest.mark.procedure("voyageur.evening-review.model-usage-distribution", fault="day_logs:fails")
def test_models_of_the_day(logs: Logs, record: Record) -> None:
    """The share that each model has of the answers that the application logged in the last 24 hours."""
    answers = logs.event("llm_response", since_s=DAY_S).judged().having(answered=True)
    record.shares("model_share", {model: len(given) for model, given in answers.by("model").items()})


@pytest.mark.procedure("agent-aiops.daily-health.overnight-logs", fault="app_log:missing")
@pytest.mark.procedure("agent-aiops.daily-health.overnight-logs", fault="error_log:missing")
def test_what_the_night_brought(logs: Logs, record: Record, documents: Documents) -> None:
    """Warnings and errors since the evening before, counted for each component and written down."""
    night = logs.merged("app", "errors", since_s=NIGHT_S, level="warning").judged()
    components = night.by("logger")
    for component, entries in components.items():
        record(f"night_warnings[{component}]", len(entries), "entries")
    report = night.breakdown("Warnings and errors of the night", "logger")
    written = documents.read(documents.write("overnight.md", report))
    for component in components:
        assert f"| {component} |" in written, f"logs: not in the document: {component}"


@pytest.mark.procedure("aegis-rag.daily.error-logs", fault="app_log:missing")
@pytest.mark.procedure("aegis-rag.daily.error-logs", fault="api_logs:fails")
def test_errors_that_are_new(logs: Logs, record: Record, documents: Documents) -> None:
    """Errors of the last 24 hours by what they say, as a document that marks what the 7 days before did not have."""
    errors = logs.entries("app", since_s=8 * DAY_S, level="error").judged(DAY_S)
    assert documents.read(documents.write("errors.md", errors.comparison("Errors of the last 24 hours", DAY_S)))
    new = errors.novel(DAY_S)
    record("log_errors_new", len(new), "kinds", of=", ".join(kind.says for kind in new))


@pytest.mark.procedure("aegis-rag.daily.warning-patterns", fault="app_log:warnings")
@pytest.mark.procedure("aegis-rag.daily.warning-patterns", fault="api_logs:warnings")
def test_no_warning_is_on_the_rise(logs: Logs, record: Record, documents: Documents) -> None:
    """No kind of warning came in the last 24 hours more than 1.2 times as often as in each of the 7 days before."""
    warnings = logs.entries("app", since_s=8 * DAY_S).judged(DAY_S).exactly("warning")
    assert documents.read(documents.write("warnings.md", warnings.comparison("Warnings of the last 24 hours", DAY_S)))
    record("log_warnings", len(warnings.late(DAY_S)), "entries")
    for kind in warnings.kinds(DAY_S)[:MOST_FREQUENT]:
        record(f"log_warnings[{kind.says}]", kind.now, "entries", of=str(kind))
    rising = warnings.rising(DAY_S)
    assert not rising, f"logs: on the rise: {'; '.join(map(str, rising))}"


@pytest.mark.generic
@pytest.mark.procedure("document-enhancer.commands.log-sizes", fault="llm_calls:missing")
def test_log_sizes(logs: Logs, record: Record) -> None:
    """The size of every log on disk, and by how much it grows in a day."""
    for name, size in logs.sizes().items():
        record(f"log_size[{name}]", size.megabytes, "MB")
        if size.per_day is not None:
            record(f"log_growth[{name}]", size.per_day, "MB/day")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            "app",
            marks=[
                pytest.mark.procedure("document-enhancer.retention.application-log", fault="app_log:old"),
                pytest.mark.procedure("document-enhancer.retention.application-log", fault="app_log:unrotated"),
                pytest.mark.procedure("agent-aiops.log-retention.system-logs", fault="installation:old"),
            ],
        ),
        pytest.param(
            "errors",
            marks=[
                pytest.mark.procedure("document-enhancer.retention.error-log", fault="installation:old"),
                pytest.mark.procedure("agent-aiops.log-retention.error-logs", fault="error_log:dropped"),
                pytest.mark.procedure("document-enhancer.retention.error-log", fault="app_log:unrotated"),
            ],
        ),
        pytest.param(
            "llm_calls",
            marks=[
                pytest.mark.procedure("document-enhancer.retention.llm-api-logs", fault="llm_calls:old"),
                pytest.mark.procedure("document-enhancer.retention.llm-api-logs", fault="llm_calls:unlogged"),
            ],
        ),
    ],
)
def test_retention(logs: Logs, record: Record, source: str) -> None:
    """The log is there and rotated, no file is beyond its time, it reaches back as it must, and has all runs."""
    retention = logs.retention(source)
    record(f"log_reach[{source}]", retention.reach_s, "s")
    record(f"log_oldest_file[{source}]", retention.oldest_file_s, "s")
    assert not retention.wrong, f"logs: {'; '.join(retention.wrong)}"


@pytest.mark.procedure("document-enhancer.retention.application-log", fault="app_log:old")
def test_retentions_agree(logs: Logs) -> None:
    """No log has to go while another that stands in the same files has to be kept."""
    retention = logs.retention("app")
    assert not retention.wrong, f"logs: {'; '.join(retention.wrong)}"
    if retention.at_odds:
        raise Vacuous(f"logs: {retention.at_odds}; its files are held to the longer time.")


@pytest.mark.procedure("agent-aiops.user-support.feedback-and-errors", fault="user_log:missing")
@pytest.mark.procedure("agent-aiops.user-support.feedback-and-errors", fault="error_log:missing")
def test_errors_that_users_met(logs: Logs, record: Record, documents: Documents) -> None:
    """Errors of the last 24 hours by kind, and what users did, in a document."""
    errors, users = logs.entries("errors", since_s=DAY_S).judged(), logs.entries("users", since_s=DAY_S)
    record("user_interactions", len(users), "entries")
    record("error_reports", len(errors), "entries")
    done = users.breakdown("What users did", "action")
    assert documents.read(documents.write("error-reports.md", f"{errors.report('Errors of the day')}\n{done}"))


@pytest.mark.procedure("agent-aiops.user-support.feedback-and-errors", fault="user_log:missing")
def test_feedback_of_users(logs: Logs, record: Record) -> None:
    """The day's feedback, which this system has no way to collect."""
    record("user_interactions", len(logs.entries("users", since_s=DAY_S)), "entries")
    raise Unsupported("logs: this system collects no feedback of users; only what they did is logged.")
