"""The cache after maintenance: empty at first, and worth it once it is warm."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.operate.key_cache import KeyCache
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

FEW = 8
"""Questions: each is answered by a model once."""


@pytest.mark.generic
@pytest.mark.needs("api", "redis")
@pytest.mark.procedure(fault="api:no-cache")
def test_cache_is_warmed_up(key_cache: KeyCache, api: Api, prompts: Workload, record: Record) -> None:
    """With an empty cache questions take their time, and each is quicker asked again: it pays to warm it up."""
    api.route("query")
    keys = key_cache.set_aside()
    record("cache_keys_before", keys.cache, "keys", of=f"{keys.spared} spared, {keys.others} others")
    warmed = key_cache.warm(partial(api.query, prompt, fresh=False) for prompt in list(prompts)[:FEW])
    record("answer_time_cold", warmed.cold_s, "s")
    record("answer_time_warm", warmed.warm_s, "s")
    record("warm_up_gain", warmed.least, "times")
    assert warmed.pays, (
        f"api: a question takes {warmed.cold_s:.3g} s with an empty cache and {warmed.warm_s:.3g} s asked again, "
        f"one of them {warmed.least:.3g} times less, with {warmed.keys} keys in the cache: warming it up is in vain"
    )
