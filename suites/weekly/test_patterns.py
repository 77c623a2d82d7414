"""Patterns of the week, by the memory of Prometheus: what was in use, and when it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.report.over_time_pages import pattern_page

if TYPE_CHECKING:
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.target.load import Target

WEEK_S = 7 * 86400.0

pytestmark = pytest.mark.needs("prometheus")


@pytest.mark.usefixtures("lint")
@pytest.mark.procedure("aegis-rag.weekly.resource-patterns", fault="prometheus:down")
@pytest.mark.parametrize("what", ["cpu", "memory", "disk", "gpu", "api_cpu", "api_memory", "vector_memory"])
def test_use_of_the_week(record: Record, what: str) -> None:
    """What was in use over the week, on the mean and at its peak; what no job yields hides nothing of the rest."""
    record.spread(f"day_use[{what}]", WEEK_S, kept_as="week_use")


@pytest.mark.procedure("aegis-rag.weekly.traffic-patterns", fault="prometheus:down")
def test_traffic_by_hour_and_day(
    traffic: Traffic, figures: Figures, llmops_target: Target, record: Record, documents: Documents
) -> None:
    """How many requests an hour and a day had, as a document; of a time that is forgotten nobody knows."""
    newest = record.figure("requests_hour", during=traffic)
    looks = figures.past("requests_hour", WEEK_S)
    record("traffic_looks", len(looks), "looks")
    assert looks, f"prometheus: it has no value of requests_hour in the week, and {newest.value:.4g} now"
    page = documents.read(
        documents.write("traffic.md", pattern_page(llmops_target.name, {"requests": looks}, looks[-1].at))
    )
    for name in ("hour", "day"):
        assert f"| {name} | values | mean |" in page, f"the page about traffic has no table by {name}"
