"""Alerts of the week: which fired, how often, how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents

WEEK_S = 7 * 86400.0


@pytest.mark.generic
@pytest.mark.needs("prometheus")
@pytest.mark.usefixtures("prometheus")
@pytest.mark.procedure("aegis-rag.weekly.alerts-and-trends", fault="prometheus:down")
def test_alerts_of_the_week(lint: Lint, record: Record, documents: Documents) -> None:
    """The alerts that fired in the last 7 days, each by its endpoint, with how often and how long, as a document.

    One that fires whatever the state, as for a job that is always down, is there, and is not counted. Of a time that
    Prometheus does not remember nobody knows; how much of the week it does is recorded.
    """
    week = lint.alert_history(WEEK_S)
    record("alert_memory", week.memory.seconds, "s", of=week.reach)
    record("alerts_of_the_week", len(week.telling), "alerts")
    for one in week.fired:
        record(f"alert_firing_time[{one.title}]", one.seconds, "s", of=week.why(one))
    assert documents.read(documents.write("alerts-of-the-week.md", week.written()))
    lint.meant("rule", "(none)")
