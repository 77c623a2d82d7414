"""The service's own limit on calls: who is refused knows when to come back, and nobody else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.security.limits import Limits


@pytest.mark.disruptive
@pytest.mark.monthly
@pytest.mark.procedure("voyageur.security.rate-limiting", fault="api:no-retry-after")
@pytest.mark.procedure("voyageur.security.rate-limiting", fault="api:late-retry-after")
@pytest.mark.procedure("voyageur.security.rate-limiting", fault="api:one-limit")
def test_who_is_refused_knows_when_to_come_back(load_run: LoadRun, limits: Limits, api: Api) -> None:
    """Refused callers are told a time after which they are served; callers with a key are served meanwhile."""
    limits.admit()
    load_run.beyond_limit("calls_until_refused", api, route="live", after=False)
    found = limits.refusal("live").weaknesses
    assert not found, "; ".join(found)
