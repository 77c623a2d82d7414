"""Sustained load: calls that arrive at a constant mean rate, whatever becomes of those before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.loading import LoadRun

pytestmark = pytest.mark.generic


@pytest.mark.needs("api")
@pytest.mark.procedure(fault="api:errors=0.5")
@pytest.mark.procedure(fault="llm:slow=12")
def test_sustained_queries(load_run: LoadRun) -> None:
    """Questions through the whole stack, past the answer cache, at the target's own rate."""
    load_run("sustained_queries", workload="rag", shape="steady")


@pytest.mark.needs("llm")
@pytest.mark.procedure(fault="llm:errors=0.5")
@pytest.mark.procedure(fault="llm:slow=12")
def test_sustained_generation(load_run: LoadRun) -> None:
    """Streamed answers of the model server."""
    load_run("sustained_generation", workload="chat", shape="steady")


@pytest.mark.needs("vectors")
@pytest.mark.procedure(fault="vectors:errors=0.5")
@pytest.mark.procedure(fault="vectors:slow=0.6")
def test_sustained_searches(load_run: LoadRun) -> None:
    """Searches of the vector database."""
    load_run("sustained_searches", workload="search", shape="steady")


@pytest.mark.needs("llm")
@pytest.mark.procedure(fault="llm:errors=0.3")
@pytest.mark.procedure(fault="llm:slow=40")
def test_sustained_embedding(load_run: LoadRun) -> None:
    """Texts that become vectors."""
    load_run("sustained_embedding", workload="embeddings", shape="steady")
