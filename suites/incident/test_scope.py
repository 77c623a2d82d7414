"""Scope: how far a failure reaches, and whether what records it still does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.samples import Workload


@pytest.mark.procedure("aegis-rag.api-failure.verify-impact", fault="prometheus:target-down")
def test_scope_of_a_failure(prometheus: Prometheus, api: Api, prompts: Workload, lint: Lint, record: Record) -> None:
    """Error rate, latency and availability of each route, as Prometheus has them now."""
    assert prometheus.ready() >= 0
    reach = lint.scope(lambda: api.query(prompts[0]))
    for figure, value, unit in reach:
        record(f"scope_{figure}", value, unit)
    reach.whole()


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.http-500.langfuse", fault="langfuse:database")
@pytest.mark.procedure("enterprise-pipeline.http-500.langfuse", fault="langfuse:errors")
def test_langfuse_is_well(langfuse: Langfuse, record: Record) -> None:
    """Langfuse answers, its database with it; a failure is a warning, for no answer depends on it."""
    record("langfuse_health_status", langfuse.health().code)
