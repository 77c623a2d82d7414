"""The web search of the agent: is it held to a limit?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.measuring import Record


@pytest.mark.procedure("agent-aiops.web-search-tool.rate-limits", fault="search_settings:fails")
def test_searches_are_limited(app_command: AppCommands, record: Record) -> None:
    """Every provider has a rate limit in the settings that the search reads."""
    settings = app_command.json("search_settings")
    limits = {name: provider["rate_limit"] for name, provider in settings.items() if "rate_limit" in provider}
    if not limits:
        raise Vacuous(f"no rate limit is set for {', '.join(settings)}, and no code of the search would keep one.")
    for name, limit in limits.items():
        record(f"search_rate_limit[{name}]", limit, "per minute")
