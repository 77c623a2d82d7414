"""Logs in an incident: what was written of late, which errors there are, which document, which tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous
from pytest_llmops.clients.containers import unheard

if TYPE_CHECKING:
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.target.load import Target

HOUR_S = 3600
DAY_S = 86400
DOCUMENTS = {"app": "application-log", "llm_operations": "model-operations-log"}
"""Where the newest lines of a log are saved, by its name."""
WHOLE = 1_000_000
"""Lines: more than an hour of a log has."""


@pytest.mark.generic
@pytest.mark.procedure("voyageur.incident.diagnostics-app-logs", fault="backend_logs:fails")
def test_newest_lines_are_saved(logs: Logs, record: Record, documents: Documents) -> None:
    """The newest 500 lines of the application's log, or all of a shorter one, in a document."""
    record("log_lines_saved", newest_saved(logs, "app", documents), "lines")


@pytest.mark.procedure("voyageur.incident.diagnostics-app-logs", fault="week_logs:fails")
def test_newest_lines_on_models_are_saved(logs: Logs, record: Record, documents: Documents) -> None:
    """The newest 500 lines that the application logged of its models' calls, or all of fewer, in a document."""
    record("model_log_lines_saved", newest_saved(logs, "llm_operations", documents), "lines")


def newest_saved(logs: Logs, source: str, documents: Documents) -> int:
    """How many of a log's newest 500 lines now stand in a document: all of them, or of a shorter log all it has."""
    entries = logs.entries(source).judged()
    lines = entries.lines(500)
    if not lines:
        raise Vacuous(f"logs: nothing of {source} stands in the log, so there is nothing to save.")
    saved = documents.read(documents.write(f"{DOCUMENTS[source]}.txt", "\n".join(lines))).split("\n")
    assert len(saved) == len(lines), f"logs: {len(lines)} lines of {source} were read, and {len(saved)} of them saved"
    assert len(saved) == 500 or len(saved) >= len(entries), f"logs: {len(saved)} lines of {len(entries)} entries saved"
    return len(saved)


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.http-500.logs", fault="pipeline_logs:fails")
@pytest.mark.procedure("aegis-rag.api-failure.review-logs", fault="app_log:missing")
@pytest.mark.procedure("aegis-rag.api-failure.review-logs", fault="api_logs:fails")
def test_errors_among_the_newest_lines(logs: Logs, record: Record, documents: Documents) -> None:
    """The errors among the newest 100 entries of each replica, by type; tracebacks count."""
    newest = logs.entries("app").judged().last(100, of_each="instance")
    record("errors_of_late", len(newest.at_least("error")), "entries")
    for kind in newest.at_least("error").types():
        record(f"errors_of_late[{kind.says}]", kind.count, "entries")
    by_type = newest.at_least("error").report("Errors among the newest entries", by_type=True)
    assert documents.read(documents.write("newest-errors-by-type.md", by_type))
    assert documents.read(documents.write("newest-log.md", newest.report("Newest entries", lines=len(newest))))


@pytest.mark.procedure("aegis-rag.api-failure.review-logs", fault="app_log:missing")
@pytest.mark.procedure("aegis-rag.api-failure.review-logs", fault="containers:unheard")
def test_every_replica_has_written(logs: Logs, containers: Containers, record: Record) -> None:
    """Of each replica of the API that runs something stands in the log: the errors of another would not be missed."""
    replicas = [container for container in containers.of("api") if container.running]
    record("replicas_running", len(replicas), "containers")
    silent = unheard(replicas, logs.entries("app").judged())
    assert not silent, f"logs: nothing of {', '.join(one.name for one in silent)} stands in the log of the API"


@pytest.mark.procedure("document-enhancer.errors.error-patterns", fault="app_log:missing, old_logs:missing, log:off")
def test_patterns_of_the_newest_errors(logs: Logs, record: Record, documents: Documents) -> None:
    """The newest 50 ERROR entries, those that say the same together, in a document."""
    errors = logs.entries("errors").judged().exactly("error").last(50)
    record("error_patterns", len(errors.top(50)), "kinds")
    written = documents.read(documents.write("error-patterns.md", errors.report("Error patterns", groups=50)))
    for group in errors.top(50):
        assert f"| {group.count} |" in written, f"logs: not in the document: {group}"


@pytest.mark.procedure("document-enhancer.down.recent-errors", fault="app_log:missing, old_logs:missing, log:off")
def test_newest_errors(logs: Logs, record: Record, documents: Documents) -> None:
    """The newest 100 errors, those that say the same together, with their times."""
    errors = logs.entries("errors").judged().last(100)
    record("newest_errors", len(errors), "entries")
    report = errors.report("Newest errors", lines=100)
    assert documents.read(documents.write("newest-errors.md", report))


@pytest.mark.procedure("agent-aiops.support-procedure.recent-errors", fault="error_log:missing")
def test_errors_around_the_reported_time(
    logs: Logs, triage: Triage, llmops_target: Target, record: Record, documents: Documents
) -> None:
    """The errors of an hour before and after each reported time, or since the incident began, with that period."""
    periods = triage.answers.periods(llmops_target.reported_at, HOUR_S)
    said = ", ".join(map(str, periods))
    errors = logs.entries("errors").judged().within(periods)
    record("errors_then", len(errors), "entries", of=said)
    written = documents.read(documents.write("errors-then.md", errors.report(f"Errors of {said}", lines=len(errors))))
    assert said in written, f"the document does not say of what time it is: {said}"
    for group in errors.top(10):
        assert f"| {group.count} |" in written, f"logs: not in the document: {group}"
    errors.reaching(periods[0].begins)


@pytest.mark.procedure("voyageur.incident.diagnostics-ollama-logs", fault="ollama_logs:fails")
@pytest.mark.procedure("agent-aiops.ollama-failure.error-logs", fault="ollama_journal:fails")
def test_model_servers_log(logs: Logs, record: Record, documents: Documents) -> None:
    """What the model server wrote in the last hour, on either stream, is saved line by line; its errors apart.

    What its runner says as it loads or dies has no time: it belongs to the line before, and a report would cut it.
    """
    hour = logs.entries("ollama", since_s=HOUR_S).judged()
    record("model_server_entries", len(hour), "entries")
    errors = hour.at_least("error")
    record("model_server_errors", len(errors), "entries")
    apart = errors.report("Errors of the model server", groups=len(errors), lines=len(errors))
    assert documents.read(documents.write("model-server.md", apart))
    lines = hour.lines(WHOLE)
    saved = documents.read(documents.write("model-server.txt", "\n".join(lines))).split("\n")
    assert len(saved) == len(lines), f"logs: {len(lines)} lines of the model server were read, and {len(saved)} saved"


@pytest.mark.procedure(
    "document-enhancer.log-view.highlight-errors", fault="app_log:missing, old_logs:missing, log:off"
)
def test_errors_with_what_is_around_them(logs: Logs, record: Record, documents: Documents) -> None:
    """Warnings and errors of the last hour and of a while of following, each with what stands around it."""
    arrived = logs.follow("app")
    hour = logs.entries("app", since_s=HOUR_S).judged().around("warning", 5)
    record("entries_around_warnings", len(hour), "entries")
    record("entries_that_arrived", len(arrived), "entries")
    assert documents.read(documents.write("highlighted.md", hour.report("Warnings and errors", lines=200)))


@pytest.mark.procedure("document-enhancer.log-view.follow-several-logs", fault="llm_calls:missing")
def test_several_logs_as_one(logs: Logs, record: Record, documents: Documents) -> None:
    """The runs' logs and the LLM calls by time, in one document."""
    both = logs.merged("app", "llm_calls", since_s=DAY_S).judged()
    record("merged_entries", len(both), "entries")
    assert documents.read(documents.write("merged.md", both.report("Runs and LLM calls", lines=len(both))))


@pytest.mark.procedure(
    "document-enhancer.log-search.errors-last-hour", fault="app_log:missing, old_logs:missing, log:off"
)
def test_errors_of_the_last_hour(logs: Logs, record: Record) -> None:
    """How many errors the last 60 minutes had."""
    errors = logs.entries("app", since_s=HOUR_S, level="error").judged()
    record("log_errors_last_hour", len(errors), "entries")
    errors.whole()


@pytest.mark.procedure(
    "document-enhancer.log-search.errors-by-type", fault="app_log:missing, old_logs:missing, log:off"
)
def test_errors_by_type(logs: Logs, record: Record, documents: Documents) -> None:
    """How many errors of each type the last 24 hours had, the most frequent first, in a document."""
    errors = logs.entries("app", since_s=DAY_S, level="error").judged()
    kinds = errors.types(1000)
    record("error_types", len(kinds), "types")
    for kind in errors.types():
        record(f"errors_of_type[{kind.says}]", kind.count, "entries")
    report = errors.report("Errors by type", by_type=True, groups=len(kinds))
    written = documents.read(documents.write("errors-by-type.md", report))
    for kind in kinds:
        assert f"| {kind.count} |" in written, f"logs: not in the document: {kind}"


@pytest.mark.procedure("document-enhancer.log-search.by-document-id", fault="app_log:unfinished")
@pytest.mark.procedure("document-enhancer.log-search.by-document-id", fault="app_log:crashed")
def test_what_was_begun_was_ended(logs: Logs, record: Record) -> None:
    """Each document whose processing began in a run of the last 24 hours came to an end there, good or bad."""
    unended = logs.unended("processing_begun", "processing_ended", "document", in_each_file=True, since_s=DAY_S)
    record("documents_unended", len(unended), "documents")
    assert not unended, f"logs: begun and not ended: {'; '.join(map(str, unended))}"


@pytest.mark.procedure("document-enhancer.log-search.llm-timeouts", fault="llm_calls:missing")
def test_llm_timeouts(logs: Logs, record: Record) -> None:
    """How many LLM calls of the last 24 hours timed out."""
    record("llm_timeouts", len(logs.event("timeout", since_s=DAY_S).judged()), "calls")


@pytest.mark.procedure("document-enhancer.errors.rate-limit-status", fault="llm_calls:limited")
def test_no_rate_limit_of_late(logs: Logs, triage: Triage, record: Record, documents: Documents) -> None:
    """The newest 10 LLM calls that met a rate limit, by time; none since the incident began, or in the last hour."""
    limited = logs.event("rate_limited").judged().last(10)
    assert documents.read(documents.write("rate-limits.md", limited.report("LLM calls that met a rate limit")))
    late = logs.event("rate_limited", since_s=triage.answers.lasting_s(HOUR_S)).judged()
    record("rate_limited_of_late", len(late), "calls")
    assert not late, f"logs: LLM calls met a rate limit since the incident began, or in the last hour: {late.top(1)[0]}"


@pytest.mark.procedure("agent-aiops.agent-failure.initialisation-logs", fault="app_log:failing")
def test_agent_was_initialised(logs: Logs, record: Record) -> None:
    """The log has an initialisation of the agent, and no error since."""
    started = logs.event("initialised")
    assert started, "logs: no initialisation of the agent stands in the log"
    errors = logs.entries("app").since(started[-1].at or 0.0).at_least("error")
    record("errors_since_initialisation", len(errors), "entries")
    assert not errors, f"logs: since the newest initialisation: {errors.top(1)[0]}"


@pytest.mark.procedure("agent-aiops.agent-failure.initialisation-logs", fault="process_list:restarted")
def test_agent_was_initialised_since_the_restart(logs: Logs, machine: Machine) -> None:
    """The newest initialisation is of the page that runs now; the script runs when somebody opens it."""
    page = max(machine.running("page"), key=lambda process: process.started)
    since = logs.event("initialised").since(page.started)
    assert since, f"logs: no initialisation of the agent since its page was started, {page}; open it, and look again"


@pytest.mark.procedure("agent-aiops.tool-failure.identify-tool", fault="tool_log:missing")
def test_tools_that_failed(logs: Logs, record: Record, documents: Documents) -> None:
    """Which tools failed in the last 24 hours, how often, and what each said last, in a document."""
    failed = logs.entries("tools", since_s=DAY_S).judged().having(success=False)
    record("tool_failures", len(failed), "calls")
    by_tool = failed.breakdown("Tools that failed", "tool_name")
    report = documents.read(documents.write("tool-failures.md", by_tool + "\n" + failed.report("What they said")))
    for tool, calls in failed.by("tool_name").items():
        record(f"tool_failures[{tool}]", len(calls), "calls", of=calls[-1:].top(1)[0].last)
        assert tool in report, f"{tool}, which failed, is not in the document"
