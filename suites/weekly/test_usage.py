"""Usage of the week: which model, which tool, at what hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History

WEEK_S = 7 * 86_400


@pytest.mark.procedure("agent-aiops.performance-review.tool-usage", fault="tool_log:missing")
def test_tool_usage(logs: Logs, record: Record, documents: Documents) -> None:
    """Calls, failures and mean duration of each tool over the week."""
    calls = logs.entries("tools", since_s=WEEK_S).judged()
    documents.write("tool-usage.md", calls.report("Tool calls of the week"))
    for tool, ones in calls.by("tool_name").items():
        record(f"tool_calls[{tool}]", len(ones), "calls")
        record(f"tool_failures[{tool}]", len(ones.having(success=False)), "calls")
        mean_ms = ones.mean("duration_ms")
        assert mean_ms is not None, f"logs: the calls of {tool} have no duration_ms"
        record(f"tool_duration[{tool}]", mean_ms, "ms")


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.sessions.usage-patterns", fault="past:stale")
def test_usage_patterns(history: History, record: Record, documents: Documents) -> None:
    """What is looked at over time, by hour and by day of the week, up to now."""
    record("history_age", history.age(), "s")
    documents.write("usage-patterns.md", history.pattern_report(*history.growing))
