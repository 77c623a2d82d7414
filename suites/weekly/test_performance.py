"""Performance of the week beside that of the week before: a mean that has surely become worse by a fifth is red."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Direction, Record
    from pytest_llmops.report.over_time import History

WEEK_S = 7 * 86400.0
DAYS = 7


@pytest.mark.procedure("agent-aiops.performance-review.response-times", fault="request_log:slower")
@pytest.mark.procedure("agent-aiops.performance-review.response-times", fault="request_log:missing")
def test_response_times_of_the_week(logs: Logs, record: Record) -> None:
    """Mean and percentiles of the week's requests, and their mean beside that of the week before."""
    answered = logs.entries("requests", since_s=2 * WEEK_S).judged()
    before, now = (part.numbers("duration_ms") for part in (answered.earlier(WEEK_S), answered.late(WEEK_S)))
    record.statistics("agent_response_time[week]", now, "ms")
    record.shift("agent_response_time[week]", before, now)


@pytest.mark.procedure("agent-aiops.performance-review.resource-trend", fault="past:busier")
@pytest.mark.parametrize("what", ["cpu_usage", "memory_usage", "disk_used"])
def test_resources_of_the_week(history: History, record: Record, what: str) -> None:
    """Mean and peak of what the week's runs found in use, both beside those of the week before."""
    week = history.beside(what, DAYS)
    record(f"{what}.week_mean", week.mean, week.unit, of=week.said)
    record(f"{what}.week_peak", week.peak, week.unit, of=week.said)
    with record.to_the_end():
        record.shift(what, week.before, week.now)
        record.peak_shift(what, week.before, week.now)


@pytest.mark.procedure("document-enhancer.log-analysis.processing-time", fault="app_log:slow")
@pytest.mark.procedure(
    "document-enhancer.log-analysis.processing-time", fault="app_log:missing, old_logs:missing, log:off"
)
def test_processing_time_of_the_week(logs: Logs, record: Record) -> None:
    """How long a chapter took from its first line to its last, in the week, and the mean beside the week before."""
    logs.entries("app", since_s=2 * WEEK_S).judged()
    events = ("processing_begun", "processing_ended", "document")
    now = logs.durations(*events, in_each_file=True, since_s=WEEK_S)
    record.statistics("processing_time", now, "s")
    before = logs.durations(*events, in_each_file=True, since_s=2 * WEEK_S, earlier_than_s=WEEK_S)
    record.shift("processing_time", before, now)


@pytest.mark.procedure("aegis-rag.weekly.performance-metrics", fault="past:worse")
@pytest.mark.parametrize(
    ("metric", "worse"),
    [
        ("api_latency_p95_day", "up"),
        ("api_error_rate_day", "up"),
        pytest.param(
            "requests_day", "off", marks=pytest.mark.procedure("aegis-rag.kpi-app.throughput", fault="past:worse")
        ),
    ],
)
def test_performance_of_the_week(history: History, record: Record, metric: str, worse: Direction) -> None:
    """Latency, error rate and throughput, as the week's days recorded them, beside those of the week before."""
    week = history.beside(metric, DAYS)
    record(f"{metric}.week_mean", week.mean, week.unit, of=week.said)
    record.shift(metric, week.before, week.now, worse)
