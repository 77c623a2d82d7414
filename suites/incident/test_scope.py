"""Scope: how far a failure reaches, and whether what records it still does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Record


@pytest.mark.needs("prometheus")
@pytest.mark.usefixtures("prometheus")
@pytest.mark.procedure("aegis-rag.api-failure.verify-impact", fault="api:errors=0.5")
@pytest.mark.procedure("aegis-rag.api-failure.verify-impact", fault="api:down")
@pytest.mark.procedure("aegis-rag.api-failure.verify-impact", fault="prometheus:target-down")
def test_scope_of_a_failure(lint: Lint, record: Record) -> None:
    """Error rate, latency and availability of each route, all of them, as Prometheus has them now.

    Prometheus alone is needed: it is asked while the API is away, too.
    """
    reach = lint.scope()
    with record.to_the_end():
        for figure, value, unit in reach:
            record(f"scope_{figure}", value, unit)
        reach.whole()


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.http-500.langfuse", fault="langfuse:database")
@pytest.mark.procedure("enterprise-pipeline.http-500.langfuse", fault="langfuse:errors")
def test_langfuse_is_well(langfuse: Langfuse, record: Record) -> None:
    """Langfuse answers, its database with it; a failure is a warning, for no answer depends on it."""
    record("langfuse_health_status", langfuse.health().code)
