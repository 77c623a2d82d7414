"""Logs while they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.plugin.recording import Record

HOUR_S = 3600


@pytest.mark.procedure("voyageur.monitor.status-log", fault="monitor_log:old")
@pytest.mark.procedure("voyageur.monitor.status-log", fault="monitor_log:ahead")
@pytest.mark.procedure("voyageur.monitor.status-log", fault="monitor_log:empty")
def test_monitor_writes_its_status(logs: Logs, record: Record) -> None:
    """The monitor's newest status line is younger than two of its intervals; its figures go into this run's record."""
    status = logs.entries("status")
    assert status, "logs: the monitor has written no status line, so nothing says that it ever ran"
    record("status_line_age", logs.newest_age_s("status"), "s")
    record("status_error_rate", float(status[-1].fields["error_rate"]), "%")
    record("status_response_time", float(status[-1].fields["response_time"]), "s")
    record("status_success_rate", float(status[-1].fields["success_rate"]), "%")


@pytest.mark.procedure("voyageur.monitor.error-rate", fault="day_logs:failing")
def test_error_rate_of_the_hour(record: Record) -> None:
    """The share of calls to its models that failed, as the application logged them in the last hour."""
    record.figure("llm_error_rate[hour]")


@pytest.mark.procedure("voyageur.monitor.success-rate", fault="day_logs:failing")
def test_success_rate_of_the_hour(record: Record) -> None:
    """The share of calls to its models that were answered, as the application logged them in the last hour."""
    record.figure("llm_success_rate[hour]")


@pytest.mark.procedure("voyageur.monitor.response-time", fault="day_logs:slow")
def test_response_time_of_the_hour(logs: Logs, record: Record) -> None:
    """The mean time of the answers that the application logged in the last hour: of its users, not of our calls."""
    answers = logs.event("llm_response", since_s=HOUR_S).judged().having(answered=True)
    record("llm_response_time[hour]", answers.mean("took_s"), "s")


@pytest.mark.procedure("document-enhancer.log-view.follow-application-log", fault="log:errors")
@pytest.mark.procedure("document-enhancer.log-view.follow-application-log", fault="log:silent, process_list:enhancing")
def test_new_lines_are_free_of_errors(logs: Logs, machine: Machine, record: Record) -> None:
    """New lines arrive in the application's log while a run is at work, and none of them is an error."""
    arrived = logs.follow("app")
    record("followed_entries", len(arrived), "entries")
    if not arrived and (at_work := machine.processes("enhancement")):
        record("log_silence", logs.newest_age_s("app"), "s", of=f"nothing arrives in app, and at work is {at_work[0]}")
    errors = arrived.judged().at_least("error")
    record("watched_errors", len(errors), "entries", of="; ".join(group.last for group in errors.top(3)))
