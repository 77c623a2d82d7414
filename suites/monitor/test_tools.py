"""The agent's tools: how often each is called, and how often it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Record

DAY_S = 86400.0


@pytest.mark.procedure("agent-aiops.key-metrics.tool-success-rates", fault="tool_log:missing")
def test_calls_of_each_tool(logs: Logs, record: Record) -> None:
    """Successful and failed calls of each tool over the last day are read from its log."""
    for tool, calls in logs.entries("tools", since_s=DAY_S).judged().by("tool_name").items():
        failed = calls.having(success=False)
        record(f"tool_calls_failed[{tool}]", len(failed), "calls")
        record(f"tool_calls_succeeded[{tool}]", len(calls) - len(failed), "calls")
