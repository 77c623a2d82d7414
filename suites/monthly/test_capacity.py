"""Capacity: how much was used last month, what grows, and when it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.machine import Machine
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


@pytest.mark.procedure("enterprise-pipeline.monthly.openrouter-usage", fault="openrouter:spent")
def test_credits_last(figures: Figures, history: History, record: Record) -> None:
    """Credits that were used and those that are left at the model provider, and when they run out."""
    used, bought = figures.read("credits_used"), figures.read("credits_bought")
    record("credits_used", used.value, used.unit)
    growth = history.growth("credits_used", used.value, limit=bought.value)
    record("credits_left", growth.room, used.unit)
    if growth.time_left_s is not None:
        record("credits_used.time_left", growth.time_left_s, "s")


@pytest.mark.procedure("agent-aiops.capacity.model-storage", fault="machine:no-room")
def test_models_fit_the_disk(llm: Llm, machine: Machine, history: History, record: Record) -> None:
    """What the models take, the disk that is free, and when the one has filled the other."""
    stored, free = llm.stored_gb(), machine.disk("models").free_gb
    record("model_storage", stored, "GB")
    record("disk_room", free, "GB")
    growth = history.growth("model_storage", stored, room=free)
    if growth.time_left_s is not None:
        record("model_storage.time_left", growth.time_left_s, "s", of=f"full in {growth.month}")
