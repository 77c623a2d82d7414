"""A cache that answers with errors is emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.operate.key_cache import KeyCache
    from pytest_llmops.plugin.recording import Record

MANY_PCT = 20.0
"""Initial mitigation: clear the cache if the error rate is 20 % or more."""


@pytest.mark.needs("redis")
@pytest.mark.procedure("voyageur.incident.clear-cache-on-high-errors", fault="api:errors=0.5")
def test_cache_is_emptied_where_answers_fail(key_cache: KeyCache, api: Api, record: Record) -> None:
    """Where a fifth of the answers fails the cache is emptied, its keys alone, and then fewer fail; else it stays."""
    done = key_cache.mitigate(lambda: api.explain(fresh=False), MANY_PCT)
    record("error_rate_before", done.before_pct, "%")
    if done.keys is None:
        raise Vacuous(f"redis: {done.said}.")
    record("error_rate_after_mitigation", done.after_pct, "%", of=done.said)
    assert done.helped, f"emptying the cache did not help, and it is put back: {done.said}"
