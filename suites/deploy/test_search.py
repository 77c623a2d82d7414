"""Search and caches as they are tuned: few points, near ones, without their vectors; and what is kept of a question."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported, Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload
    from pytest_llmops.target.load import Target

LIMIT = 10
LEAST = 0.7
"""The runbook's limit and score_threshold."""


@pytest.mark.procedure("aegis-rag.search-tuning.search-parameters", fault="vectors:unrelated")
@pytest.mark.procedure("aegis-rag.search-tuning.search-parameters", fault="vectors:slow=0.6")
def test_search_with_the_runbooks_parameters(
    vectors: Vectors, prompts: Workload, measure: Measure, record: Record
) -> None:
    """At most ten points come, with payload, none below the score, none with its vector; and how long it takes."""
    stored = vectors.stored(prompts)
    found = [vectors.search(vector, limit=LIMIT, least=LEAST) for vector in stored.values()]
    record("search_results_most", max(map(len, found)), "points")
    record("search_score_least", min(hit.score for hits in found for hit in hits))
    wrong = [hit.id for hits in found for hit in hits if not hit.bare or not hit.payload]
    assert not wrong, f"{vectors.component}: with its vector, or without its payload, came: {', '.join(wrong)}"
    measure(
        "tuned_search_latency",
        vectors,
        lambda vectors, prompt: vectors.search(stored[prompt.id], limit=LIMIT, least=LEAST),
        prompts=prompts,
    )


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.vector-issues.prevention-result-cache", fault="api:errors=1")
@pytest.mark.procedure(fault="api:no-cache")
def test_a_question_asked_again_comes_from_the_cache(api: Api, prompts: Workload) -> None:
    """The second answer to the same question comes from the cache, as the answer says itself."""
    api.query(prompts[0], fresh=False)
    again = api.query(prompts[0], fresh=False)
    if "cached" not in again.values:
        raise Unsupported(
            f"{api.component}: its answers do not say whether they come from a cache; where there is one, name it: "
            'routes.query.values = { cached = "…" }.'
        )
    assert again.values["cached"], f"{api.component}: {prompts[0].text!r} was asked again, and answered anew"


@pytest.mark.procedure("aegis-rag.search-tuning.embedding-cache", fault="api:errors=1")
def test_the_embedding_of_a_question_is_kept(
    api: Api, llmops_target: Target, prompts: Workload, request: pytest.FixtureRequest, record: Record
) -> None:
    """A question asked again is answered sooner, and its embedding stands in Redis for an hour at most."""
    first, again = api.query(prompts[0]), api.query(prompts[0])
    redis = _redis(llmops_target, request)
    key = f"embedding:{md5(prompts[0].text.encode(), usedforsecurity=False).hexdigest()}"
    left_s = redis.ttl_s(key)
    assert left_s is not None, f"{redis.component}: there is no key {key} that ends: the embedding is not kept there"
    record("embedding_cache_ttl", left_s, "s")
    record("answer_time_again", again.elapsed_s, "s", of=f"{first.elapsed_s:.3g} s the first time")
    assert again.elapsed_s < first.elapsed_s, f"{api.component}: asked again, it took no less than the first time"


@pytest.mark.procedure("aegis-rag.monthly.cache-configuration", fault="api:no-metrics")
def test_figures_of_the_cache(api: Api, llmops_target: Target, request: pytest.FixtureRequest, record: Record) -> None:
    """Hit rate, memory and evictions of the cache, for a person to tune it by."""
    named = [name for name in sorted(api.metrics().names) if "cache" in name]
    record("cache_metrics", len(named), "metrics", of=", ".join(named) or "none")
    cache = _redis(llmops_target, request).figures()
    record("redis_hit_rate", cache.hit_rate, "%")
    record("redis_memory", cache.used_bytes, "B", of=f"of {cache.max_bytes} B")
    record("redis_evicted", cache.evicted, "keys")


def _redis(target: Target, request: pytest.FixtureRequest) -> Redis:
    """The client of the target's Redis, where it has one."""
    if target.table.components.serving("redis") is None:
        raise Vacuous(
            f"target {target.name} has no Redis: what its API keeps is in its own memory, and told to nobody."
        )
    redis: Redis = request.getfixturevalue("redis")
    return redis
