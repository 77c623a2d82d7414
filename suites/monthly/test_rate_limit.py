"""The service's own limit on calls: it holds, and once its time has passed who was refused is served again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.recording import Record


@pytest.mark.disruptive
@pytest.mark.procedure("voyageur.security.rate-limiting", fault="api:unlimited")
@pytest.mark.procedure("voyageur.security.rate-limiting", fault="api:unforgiving")
@pytest.mark.procedure("voyageur.security.rate-limiting", fault="api:worn-out")
@pytest.mark.procedure("voyageur.security.rate-limiting", fault="api:collapses")
def test_too_many_calls_are_refused_and_later_ones_served(load_run: LoadRun, api: Api, record: Record) -> None:
    """More calls of nobody than the limit lets pass: some are answered 429; once it is over, none fails."""
    result = load_run.beyond_limit("calls_beyond_limit", api, route="live")
    burst, _, later = range(3)
    record("refused_in_burst", result.refused_in(burst), "%")
    assert result.refused_in(burst), f"api: of {result.calls} calls, more than its limit, none was answered 429"
    assert result.whole, f"api: it was called no more once its limit had passed, for the load was {result.ended}"
    record("failed_afterwards", result.failed_in(later), "%")
