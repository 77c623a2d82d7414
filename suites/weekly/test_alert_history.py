"""Alerts of the week: which fired, how often, how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.report.documents import Documents

WEEK_S = 7 * 86400.0


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.weekly.alerts-and-trends", fault="prometheus:down")
def test_alerts_of_the_week(prometheus: Prometheus, lint: Lint, record: Record, documents: Documents) -> None:
    """The alerts that fired in the last 7 days, with how often and how long, as a document."""
    fired = prometheus.fired(last_s=WEEK_S)
    record("alerts_of_the_week", len(fired), "alerts")
    for one in fired:
        record(f"alert_firing_time[{one.name}]", one.seconds, "s")
    assert documents.read(documents.write("alerts-of-the-week.md", lint.history(fired, WEEK_S)))
    lint.meant("rule", "(none)")
