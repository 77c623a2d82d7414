"""Spikes and bursts: what becomes of calls when many come together, and how soon it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.recording import Record

pytestmark = pytest.mark.generic


@pytest.mark.needs("api")
@pytest.mark.procedure(fault="api:slots=1")
def test_calls_are_quick_again_after_a_spike(load_run: LoadRun, record: Record) -> None:
    """Far more questions for a moment: once they are over, answers come as quickly as before."""
    result = load_run("spike_queries", workload="rag", shape="spike", deadline=20.0)
    record("spike_recovery", result.recovery_s(), "s")


@pytest.mark.procedure(fault="llm:errors=0.3")
@pytest.mark.procedure(fault="llm:no-queue, llm:slots=2")
def test_a_burst_is_answered(load_run: LoadRun, llm: Llm) -> None:
    """Four users who ask again as soon as they have an answer: a closed loop, so its tail is that of patient users."""
    load_run("burst_generation", llm, concurrency=4, calls=40)


@pytest.mark.procedure(fault="api:refuses=0.2")
def test_polite_load_is_not_refused(load_run: LoadRun, api: Api, record: Record) -> None:
    """Two questions a second: not one of them is answered 429."""
    result = load_run("polite_queries", api, route="query", rate=2, seconds=10, check=False)
    record("polite_queries_refused", result.refused_pct, "%")
    assert not load_run.problems, "\n".join(load_run.problems)
