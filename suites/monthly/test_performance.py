"""Performance of the month beside that of the month before: a mean that has surely become worse by a fifth is red."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.recording import Direction, Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History

DAYS = 30


@pytest.mark.procedure("voyageur.capacity.performance-trend", fault="past:stale")
@pytest.mark.procedure("voyageur.capacity.performance-trend", fault="past:worse")
def test_trend_of_response_time_and_success(history: History, record: Record, documents: Documents) -> None:
    """Means of response time and success rate over 30 days, where they are going, and the days before beside them."""
    metrics: dict[str, Direction] = {"llm_response_time": "up", "llm_success_rate[day]": "down"}
    record("history_age", history.age(*metrics), "s")
    saved = documents.read(documents.write("performance-trend.md", history.usage_report(*metrics, days=DAYS)))
    for metric, worse in metrics.items():
        assert f"| {metric} |" in saved, f"the report on the trend lacks {metric}"
        month = history.beside(metric, DAYS)
        record(f"{metric}.month_mean", month.mean, month.unit, of=month.said)
        record(f"{metric}.per_month", history.growth(metric, days=DAYS).per_month, month.unit)
        record.shift(metric, month.before, month.now, worse)


@pytest.mark.procedure("document-enhancer.monthly-maintenance.performance-review", fault="past:slower")
@pytest.mark.parametrize("metric", ["response_latency", "processing_time.mean"])
def test_benchmarks_of_the_month(history: History, record: Record, metric: str) -> None:
    """What the month's runs timed of the interface and of the pipeline, beside the month before."""
    _beside(history, record, metric)


@pytest.mark.procedure("aegis-rag.monthly.query-metrics", fault="past:slower")
@pytest.mark.parametrize("metric", ["search_latency", "query_latency"])
def test_queries_of_the_month(history: History, record: Record, metric: str) -> None:
    """What the month's runs timed of searches and of whole answers, beside the month before."""
    _beside(history, record, metric)


def _beside(history: History, record: Record, metric: str) -> None:
    month = history.beside(metric, DAYS)
    record(f"{metric}.month_mean", month.mean, month.unit, of=month.said)
    record.shift(metric, month.before, month.now)
