"""Usage of the week: which model, at what hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.sessions.usage-patterns", fault="past:stale")
def test_usage_patterns(history: History, record: Record, documents: Documents) -> None:
    """What is looked at over time, by hour and by day of the week, up to now."""
    record("history_age", history.age(), "s")
    documents.write("usage-patterns.md", history.pattern_report(*history.growing))
