"""Capacity: how much was used last month, what grows, and when it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History


@pytest.mark.generic
@pytest.mark.procedure("voyageur.capacity.monthly-usage-report", fault="past:stale")
def test_usage_of_the_month(history: History, record: Record, documents: Documents) -> None:
    """What the daily runs of the last month recorded is one report, and they have not stopped."""
    record("history_age", history.age(), "s")
    documents.write("usage-report.md", history.usage_report(*history.growing))


@pytest.mark.generic
@pytest.mark.procedure(
    "agent-aiops.capacity.growth-trends",
    "document-enhancer.monthly-maintenance.capacity-planning",
    fault="past:runaway",
)
def test_growth(history: History, record: Record, documents: Documents) -> None:
    """What grows is reported, and there is room for another month at least."""
    growths = history.all_growth()
    documents.write("growth-report.md", history.growth_report(growths))
    record("history_age", history.age(), "s")
    for growth in growths:
        record(f"{growth.name}.per_month", growth.per_month, growth.unit)
        if growth.time_left_s is not None:
            record(f"{growth.name}.time_left", growth.time_left_s, "s")


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.monthly.qdrant-cloud-usage", fault="past:runaway")
def test_vector_plan_lasts(vectors: Vectors, history: History, record: Record) -> None:
    """Points, size and requests of the vector store, and when the plan's limit on points is reached."""
    points = vectors.collection().points
    record("collection_points", points, "points")
    record("collection_size", vectors.stored_mb(), "MB")
    record("vector_requests", vectors.endpoints().calls, "requests")
    left_s = history.growth("collection_points", points).time_left_s
    if left_s is not None:
        record("collection_points.time_left", left_s, "s")
