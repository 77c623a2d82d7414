"""The web search of the agent: is it held to a limit?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("agent-aiops.web-search-tool.rate-limits", fault="search_burst:unlimited")
@pytest.mark.procedure("agent-aiops.web-search-tool.rate-limits", fault="search_burst:unread")
@pytest.mark.procedure("agent-aiops.web-search-tool.rate-limits", fault="search_burst:unset")
@pytest.mark.procedure("agent-aiops.web-search-tool.rate-limits", fault="search_burst:broken")
@pytest.mark.procedure("agent-aiops.web-search-tool.rate-limits", fault="search_burst:none")
def test_searches_are_limited(app_command: AppCommands, record: Record) -> None:
    """The settings of each provider name a rate, and a burst at a stub in its place is delayed or refused."""
    tried = app_command.json("search_burst")
    record("search_providers", len(tried), "providers")
    assert tried, "web search: no provider is switched on"
    wrong = []
    for provider, said in tried.items():
        record(f"searches_passed_on[{provider}]", said["passed"], "searches", of=f"a burst of {said['sent']}")
        if not said["limit"]:
            wrong.append(f"{provider}: its settings name no rate that it is held to")
        if not said["passed"]:
            wrong.append(f"{provider}: of {said['sent']} searches not one got as far as the stub: {said['error']}")
        if said["passed"] == said["sent"]:
            burst = f"all {said['sent']} searches of a burst were passed on within {said['within_s']} s"
            wrong.append(f"{provider}: {burst}, none was delayed or refused")
    assert not wrong, f"web search: {'; '.join(wrong)}"
