"""The web search of the agent: its providers bring results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("agent-aiops.web-search-tool.provider-availability", fault="search_providers:blocked")
@pytest.mark.procedure("agent-aiops.web-search-tool.provider-availability", fault="search_providers:accepted")
@pytest.mark.procedure(
    "agent-aiops.web-search-tool.provider-availability",
    "agent-aiops.tool-failure.dependencies",
    fault="search_providers:forbidden",
)
@pytest.mark.procedure("agent-aiops.web-search-tool.provider-availability", fault="search_providers:nothing")
def test_providers_bring_results(app_command: AppCommands, record: Record) -> None:
    """Each search provider that is configured, asked as the agent asks it, answers 200, with one result at least."""
    found = app_command.json("search_providers")
    record("search_providers", len(found), "providers")
    assert found, "web search: no provider is switched on"
    wrong = []
    for provider, said in found.items():
        record(f"search_results[{provider}]", said["results"], "results")
        if said["status"] != 200 or not said["results"]:
            asked = ", ".join(f"{host} answered {status}" for host, status in said["asked"]) or "nobody answered"
            wrong.append(f"{provider}: {said['results']} results of the web for 'python': {said['error'] or asked}")
    assert not wrong, f"web search: {'; '.join(wrong)}"
