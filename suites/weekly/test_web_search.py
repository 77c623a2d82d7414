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
    """Searches are held to a limit; the search reads none, whatever its settings name, so nothing can be judged."""
    settings = app_command.json("search_settings")
    record("search_providers", len(settings), "providers")
    raise Vacuous(f"no code of the search keeps a rate limit for {', '.join(settings)}, whatever the settings name.")
