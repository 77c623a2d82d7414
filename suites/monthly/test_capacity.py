"""Capacity: how much was used last month, what grows, and when it is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History

LOOKS = 6
EVERY_S = 5.0


@pytest.mark.generic
@pytest.mark.procedure("voyageur.capacity.monthly-usage-report", fault="past:stale")
def test_usage_of_the_month(history: History, record: Record, documents: Documents) -> None:
    """What the daily runs of the last month recorded is one report, and they have not stopped."""
    record("history_age", history.age(), "s")
    saved = documents.read(documents.write("usage-report.md", history.usage_report(*history.growing)))
    lost = [metric for metric in history.growing if f"| {metric} |" not in saved]
    assert not lost, f"the month's report lacks {', '.join(lost)}"
    for metric, days in history.days_of_month(*history.growing).items():
        record(f"days_recorded[{metric}]", days, "days")


@pytest.mark.generic
@pytest.mark.procedure(
    "agent-aiops.capacity.growth-trends",
    "document-enhancer.monthly-maintenance.capacity-planning",
    fault="past:runaway",
)
def test_growth(history: History, record: Record, documents: Documents) -> None:
    """What grows is reported, and there is room for another month at least; one without values hides no other."""
    growths = history.all_growth()
    documents.write("growth-report.md", history.growth_report(growths))
    record("history_age", history.age(*(growth.name for growth in growths)), "s")
    with record.to_the_end():
        for growth in growths:
            record(f"{growth.name}.per_month", growth.per_month, growth.unit)
            if growth.time_left_s is not None:
                record(f"{growth.name}.time_left", growth.time_left_s, "s")
        if untold := history.untold_growth():
            raise Vacuous(" ".join(untold))


@pytest.mark.procedure("document-enhancer.monthly-maintenance.capacity-planning", fault="past:stale")
def test_what_cannot_grow(history: History, record: Record) -> None:
    """The system has all that its runbook looks at over time."""
    record("history_age", history.age(), "s")
    if absent := history.never_grows:
        raise Vacuous(f"growth: this system does not have: {'; '.join(absent)}.")


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.monthly.qdrant-cloud-usage", fault="past:runaway")
def test_vector_plan_lasts(vectors: Vectors, history: History, record: Record) -> None:
    """Points and size of the vector store, how much of the plan that is, and when the plan is used up."""
    points = vectors.collection().points
    record("collection_points", points, "points")
    size_mb = vectors.stored_mb()
    record("collection_size", size_mb, "MB")
    stored = {"collection_points": points, "collection_size": size_mb}
    planned = history.limited(*stored)
    for name in planned:
        record(f"{name}.of_plan", history.room(name, stored[name]).used_pct, "%")
    for name in planned:
        growth = history.growth(name, stored[name], days=365)
        if growth.time_left_s is not None:
            record(f"{name}.time_left", growth.time_left_s, "s")


@pytest.mark.procedure("enterprise-pipeline.monthly.qdrant-cloud-usage", fault="past:busy")
def test_requests_keep_within_the_vector_plan(vectors: Vectors, history: History, record: Record) -> None:
    """Requests to the vector store since its start, those of a month, and how much of the plan that is."""
    since_start = vectors.endpoints().calls
    record("vector_requests", since_start, "requests")
    planned = history.limited("vector_requests_month")
    month = history.monthly("vector_requests", since_start)
    record("vector_requests_month", month, "requests")
    for name in planned:
        record(f"{name}.of_plan", history.room(name, month).used_pct, "%")


@pytest.mark.procedure("enterprise-pipeline.monthly.openrouter-usage", fault="openrouter:spent")
def test_credits_last(figures: Figures, history: History, record: Record) -> None:
    """Credits that were used and those that are left at the model provider, and when they run out."""
    used, bought = figures.read("credits_used"), figures.read("credits_bought")
    record("credits_used", used.value, used.unit)
    record("credits_left", history.room("credits_used", used.value, limit=bought.value).left, used.unit)
    growth = history.growth("credits_used", used.value, limit=bought.value, days=365)
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


@pytest.mark.procedure("agent-aiops.capacity.network-bandwidth", fault="machine:flooded")
@pytest.mark.procedure("agent-aiops.capacity.network-bandwidth", fault="machine:bridged")
def test_the_network_has_room(machine: Machine, record: Record) -> None:
    """Mean and peak of what goes through each link, and how much of what it could carry that is."""
    links = machine.links(looks=LOOKS, every_s=EVERY_S)
    with record.to_the_end():
        for link in sorted(links, key=lambda link: not link.capacity):  # one of which nobody says it hides no other
            record(f"network_mean[{link.name}]", link.mean, "B/s")
            record(f"network_peak[{link.name}]", link.peak, "B/s")
            record(f"network_used[{link.name}]", link.used_pct, "%", of=f"a peak of {link.peak:.4g} bytes a second")
