"""Restarts: what is lost with a process is known to be, is seen, and wakes nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.procedure("enterprise-pipeline.scaling.feedback-rate-restart", fault="api:frozen-metrics")
@pytest.mark.procedure("enterprise-pipeline.scaling.feedback-rate-restart", fault="prometheus:firing")
def test_counts_of_feedback_end_with_the_process(
    restarted: Callable[[str], Recovered],
    api: Api,
    figures: Figures,
    prometheus: Prometheus,
    prompts: Workload,
    record: Record,
) -> None:
    """Feedback is counted in memory: after a restart the count begins anew, and no alert fires for that."""
    before = figures.counted("feedback_received")
    api.call("feedback", trace=api.query(prompts[0]).values["trace"], user="llmops").ok()
    given = figures.counted("feedback_received")
    record("feedback_received[before]", given, "answers")
    assert given > before, f"api: feedback was recorded, and is not counted: {given:g} as before"
    restarted("api")
    left = figures.counted("feedback_received")
    record("feedback_received[after]", left, "answers")
    assert left < given, (
        f"api: {left:g} are counted after its restart, {given:g} were before: the runbook says otherwise"
    )
    down = [f"{one.job} at {one.url}: {one.error}" for one in prometheus.targets_within(60) if one.health != "up"]
    assert not down, f"{prometheus.component}: not scraped after the restart: {'; '.join(down)}"
    firing = [alert.name for alert in prometheus.alerts() if alert.state == "firing"]
    assert not firing, f"{prometheus.component}: firing after the restart: {', '.join(firing)}"
