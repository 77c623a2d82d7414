"""What logs tell of security: failed logins, refused requests, blocked queries, commands, and rules that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from pytest_llmops import Target
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.security.audit_review import AuditReview
    from pytest_llmops.security.security_log import Rule, SecurityLog

HOUR_S = 3600
DAY_S = 86400
WEEK_S = 7 * DAY_S


@pytest.mark.procedure("voyageur.security.audit-log-review", fault="security_log:missing")
@pytest.mark.procedure("voyageur.security.audit-log-review", fault="backend_logs:fails")
def test_newest_security_events(security_log: SecurityLog, record: Record, documents: Documents) -> None:
    """The newest 100 entries about security, authentication and errors, and how many there are of each class."""
    found = security_log.events(errors="app")
    for name, entries in found.items():
        record(f"security_events[{name}]", len(entries), "entries")
    page = documents.read(documents.write("security-events.md", security_log.document("Security events", found)))
    for name, entries in found.items():
        assert f"| {name} | {len(entries)} |" in page, f"logs: the document does not count {name}"


@pytest.mark.procedure("aegis-rag.daily.security-events", fault="app_log:refused")
@pytest.mark.procedure("aegis-rag.daily.security-events", fault="api_logs:refused")
def test_security_events_of_the_day(
    security_log: SecurityLog, llmops_target: Target, record: Record, documents: Documents
) -> None:
    """Failed logins, refused requests and key errors of the last 24 hours, in a document."""
    found = security_log.events(since_s=DAY_S)
    for name, entries in found.items():
        record(f"security_events[{name}]", len(entries), "entries")
    assert documents.read(documents.write("security-events.md", security_log.document("Security events", found)))
    unless_lacking(llmops_target, "logs", "access", lambda: security_log.seen(found))
    unless_lacking(llmops_target, "logs", "rate_limit", lambda: security_log.seen(found))


@pytest.mark.procedure("enterprise-pipeline.injection.blocked-queries", fault="pipeline_logs:fails")
@pytest.mark.procedure("enterprise-pipeline.injection.blocked-queries", fault="pipeline_logs:unlayered")
def test_blocked_queries(security_log: SecurityLog, record: Record, documents: Documents) -> None:
    """The blocked queries of the last 24 hours, each with its time, and what found what; the queries are not shown."""
    blocked = security_log.events(since_s=DAY_S)["blocked_queries"]
    for name in ("layer", "detection"):
        for value, entries in blocked.by(name).items():
            record(f"blocked_queries[{value}]", len(entries), "entries")
    report = blocked.breakdown("Blocked queries", "layer", "detection", "hour") + blocked.report("Each of them")
    assert documents.read(documents.write("blocked-queries.md", report))
    untold = [one for one in blocked if not (one.at and one.fields.get("layer") and one.fields.get("detection"))]
    assert not untold, f"logs: {len(untold)} blocked queries without time, layer or detection"


@pytest.mark.procedure("enterprise-pipeline.injection.sources", fault="pipeline_logs:fails")
def test_whose_queries_were_blocked(security_log: SecurityLog, record: Record, documents: Documents) -> None:
    """The blocked queries of the last 24 hours by user, in a document."""
    blocked = security_log.events(since_s=DAY_S)["blocked_queries"]
    record("blocked_users", len(blocked.by("user")), "users")
    assert documents.read(documents.write("blocked-users.md", blocked.breakdown("Blocked queries", "user")))


@pytest.mark.procedure("enterprise-pipeline.injection.sources", fault="pipeline_logs:addressed")
def test_where_blocked_queries_come_from(security_log: SecurityLog, llmops_target: Target, record: Record) -> None:
    """The blocked queries of the last 24 hours by address and key, where the log has them."""
    blocked = security_log.events(since_s=DAY_S)["blocked_queries"]
    told = {name: blocked.telling_of(name) for name in ("address", "api_key")}
    for name, entries in told.items():
        record(f"blocked_by[{name}]", len(entries), "entries")
    unless_lacking(llmops_target, "logs", "access_log", lambda: security_log.seen(told))


@pytest.mark.procedure("agent-aiops.security-updates.access-log-anomalies", fault="request_log:missing")
def test_spikes_of_requests(logs: Logs, record: Record, documents: Documents) -> None:
    """The busiest hour of the week, and of the time before, and requests by day, in a document."""
    requests = logs.entries("requests").judged()
    record("busiest_hour[week]", requests.late(WEEK_S).busiest(HOUR_S), "requests")
    record("busiest_hour[before]", requests.earlier(WEEK_S).busiest(HOUR_S), "requests")
    assert documents.read(documents.write("requests.md", requests.breakdown("Requests", "day", "hour")))


@pytest.mark.procedure("agent-aiops.security-updates.access-log-anomalies", fault="access_log:guessed")
def test_failed_logins_and_addresses(
    security_log: SecurityLog, files: Files, llmops_target: Target, record: Record
) -> None:
    """Failed logins and unusual addresses, of which a system without logins and access log has none."""
    found = files.found("access_logs", some=False)
    record("access_logs", len(found), "files")
    has = f"there is {', '.join(fact.name for fact in found.facts)}" if found else ""
    unless_lacking(llmops_target, "files", "access_log", lambda: has)
    for name, entries in security_log.events(since_s=WEEK_S).items():
        record(f"security_events[{name}]", len(entries), "entries")


@pytest.mark.procedure("agent-aiops.terminal-tool.command-audit", fault="tool_log:missing")
def test_runs_of_the_terminal_tool(logs: Logs, record: Record, documents: Documents) -> None:
    """Each run of the terminal tool in the week with its time and its result, in a document."""
    ran = logs.entries("tools", since_s=WEEK_S).judged().having(tool_name="terminal")
    record("terminal_runs", len(ran), "runs")
    record("terminal_failures", len(ran.having(success=False)), "runs")
    by_action = ran.breakdown("Runs of the terminal tool", "action", "day", failed={"success": False})
    assert documents.read(documents.write("terminal.md", f"{by_action}\n{ran.report('Each of them', lines=len(ran))}"))


@pytest.mark.procedure("agent-aiops.terminal-tool.command-audit", fault="tool_log:outside")
def test_commands_of_the_terminal_tool(
    logs: Logs, security_log: SecurityLog, llmops_target: Target, record: Record
) -> None:
    """Who ran which command in the week, and none that may not be run."""
    ran = logs.entries("tools", since_s=WEEK_S).judged().having(tool_name="terminal")
    told = ran.telling_of("command")
    outside = security_log.outside(told, "command")
    record("commands_outside", len(outside), "commands")
    assert not outside, f"logs: run, and on no list of what may be: {', '.join(outside.by('command'))}"
    untold = len(ran) - len(told)
    has = f"the log has the command of each of {len(ran)} runs" if told and not untold else ""
    unless_lacking(llmops_target, "logs", "command_audit", lambda: has, [f"{untold} runs without a command"])
    assert not untold, f"logs: {untold} runs of the terminal tool without their command"


@pytest.mark.procedure("agent-aiops.log-retention.user-activity", fault="user_log:old")
def test_user_activity_is_dropped(logs: Logs, record: Record) -> None:
    """No record of what users did is older than it may be."""
    record("user_activity_reach", logs.reach_days("users") * DAY_S, "s")
    wrong = logs.retention("users").wrong
    assert not wrong, f"logs: {'; '.join(wrong)}"


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(
            "retention",
            marks=[
                pytest.mark.procedure("agent-aiops.audits.compliance-monitoring", fault="error_log:dropped"),
                pytest.mark.procedure("agent-aiops.audits.compliance-monitoring", fault="user_log:old"),
            ],
        ),
        pytest.param(
            "private",
            marks=pytest.mark.procedure("agent-aiops.audits.compliance-monitoring", fault="user_log:personal"),
        ),
        pytest.param(
            "access", marks=pytest.mark.procedure("agent-aiops.audits.compliance-monitoring", fault="user_log:open")
        ),
    ],
)
def test_rules_are_kept(security_log: SecurityLog, record: Record, rule: Rule) -> None:
    """Nothing deviates from the rules about retention, privacy and access."""
    deviations = security_log.deviations(rule)
    record("deviations", len(deviations), "rules")
    assert not deviations, f"{rule}: {'; '.join(deviations)}"


@pytest.mark.procedure("agent-aiops.audits.compliance-monitoring", fault="request_log:missing")
def test_prompts_are_not_logged(logs: Logs, llmops_target: Target, record: Record) -> None:
    """No log of the model's requests holds what a person asked."""
    requests = logs.entries("llm_requests").judged()
    asked = requests.having(private=True)
    record("prompts_in_clear", len(asked), "entries")
    has = "" if asked else f"none of {len(requests)} requests is logged with its prompt"
    unless_lacking(llmops_target, "logs", "private_logs", lambda: has, [f"{len(asked)} prompts in clear"])
    assert not asked, f"logs: {len(asked)} entries of llm_requests hold a prompt in clear"


@pytest.mark.procedure("enterprise-pipeline.pii.audit-entry", fault="audit_log:absent")
@pytest.mark.procedure("enterprise-pipeline.pii.audit-entry", fault="audit_log:writable")
def test_an_entry_is_written_and_stays(api: Api, audit_log: AuditReview, llmops_target: Target, record: Record) -> None:
    """What is reported through the service leaves an entry with its time and its actor, which nobody can change."""
    new = audit_log.newly(lambda: api.call("feedback", trace="llmops", user="llmops").ok())
    record("audit_entries_of_a_report", len(new), "entries")
    assert any(one.at and one.fields.get("actor") for one in new), "audit: a report left no entry with time and actor"
    wide = audit_log.too_open()
    assert not wide, f"audit: {'; '.join(wide)}"
    changeable = audit_log.writable([one.file for one in new])
    closed = [one.file.name for one in new if one.file.closed and not changeable]
    has = f"nobody can write to {', '.join(closed)}" if closed else ""
    unless_lacking(llmops_target, "audit", "write_once", lambda: has, changeable)
    assert not changeable, f"audit: {'; '.join(changeable)}"
