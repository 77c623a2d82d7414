"""The month's load test, and how many users at a time there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.recording import Record

LEVELS = (1, 2, 4, 8)
EACH = 8


@pytest.mark.procedure("enterprise-pipeline.monthly.load-test", fault="api:errors=0.3")
@pytest.mark.procedure(
    "enterprise-pipeline.monthly.load-test", "enterprise-pipeline.monthly.p95-regression", fault="llm:slow=6"
)
def test_load_of_the_month(load_run: LoadRun, api: Api, record: Record) -> None:
    """100 questions, five at a time: a closed loop, so its tail is that of five patient users; p95 by the baseline."""
    worse = "api_latency_p95_regression_pct"
    result = load_run("monthly_load", api, route="query", concurrency=5, calls=100, regression=worse)
    record("queries", result.calls)
    record("concurrency", result.plan.concurrency or 0)
    record.statistics("monthly_load_answered", result.times().tolist(), "s", of=result.plan.shape)


@pytest.mark.procedure("voyageur.capacity.auto-scaling-analysis", fault="llm:slots=1, llm:slow=20")
@pytest.mark.procedure("voyageur.capacity.auto-scaling-analysis", fault="llm:errors=0.4")
def test_users_at_a_time(load_run: LoadRun, ollama: Ollama, record: Record) -> None:
    """Questions to its models by 1, 2, 4 and 8 users at a time: up to how many latency and errors keep their limits.

    The models are asked themselves: the service hands out what they wrote before.
    """
    carried = 0
    for level in LEVELS:
        load_run(f"users[{level}]", ollama, stream=False, concurrency=level, calls=EACH, check=False)
        if load_run.problems:
            break
        carried = level
    record("users_at_a_time", carried, "users")
