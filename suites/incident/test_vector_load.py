"""What the vector store is asked, and what of it is expensive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.vector-issues.query-patterns", fault="vectors:no-metrics")
def test_expensive_endpoints(vectors: Vectors, record: Record, documents: Documents) -> None:
    """Requests and durations of each endpoint since the store's start, the most expensive first."""
    endpoints = vectors.endpoints()
    documents.write("vector-endpoints.md", endpoints.report())
    for endpoint in endpoints:
        record(f"vector_requests[{endpoint.name}]", endpoint.calls, "requests")
        if endpoint.mean_s is not None:
            record(f"vector_duration[{endpoint.name}]", endpoint.mean_s, "s")
            record(f"vector_time[{endpoint.name}]", endpoint.total_s, "s")
