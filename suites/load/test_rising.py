"""Load of every shape: for a moment, rising, and until the target has had enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.loading import LoadRun

pytestmark = pytest.mark.generic


@pytest.mark.needs("api", "llm", "vectors")
@pytest.mark.procedure(fault="vectors:errors=1")
@pytest.mark.procedure(fault="llm:errors=1")
def test_all_parts_answer_under_load(load_run: LoadRun) -> None:
    """A moment of everything at once: questions, answers of the model server, searches."""
    load_run("smoke_mixed", workload="mixed", shape="smoke")


@pytest.mark.needs("api")
@pytest.mark.procedure(fault="api:errors=0.5")
@pytest.mark.procedure(fault="api:slots=1, llm:slow=4")
def test_questions_that_become_more(load_run: LoadRun) -> None:
    """From a few questions to twice as many as usual: errors, and the p95 of all of them."""
    load_run("ramp_queries", workload="rag", shape="ramp")


@pytest.mark.needs("api")
@pytest.mark.procedure(fault="api:errors=0.5")
@pytest.mark.procedure(fault="api:slots=1, llm:slow=4")
def test_where_questions_break_it(load_run: LoadRun) -> None:
    """More and more questions until too many fail or their p95 is too high: the rate at which that is."""
    load_run.until_it_breaks("stress_queries", workload="rag")
