"""The web search of the agent: its providers bring results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.plugin.measuring import Record


@pytest.mark.parametrize(
    "provider",
    [
        pytest.param(
            "duckduckgo",
            marks=pytest.mark.procedure("agent-aiops.web-search-tool.provider-availability", fault="duckduckgo:empty"),
        ),
        pytest.param(
            "searx",
            marks=pytest.mark.procedure("agent-aiops.web-search-tool.provider-availability", fault="searx:forbidden"),
        ),
    ],
)
def test_provider_brings_results(services: Callable[[str], Api], record: Record, provider: str) -> None:
    """A search provider answers 200, with one result at least."""
    reply = services(provider).query("python")
    record(f"search_results[{provider}]", len(reply.sources), "results")
    assert reply.sources, f"{provider}: a search for 'python' brought no result"
