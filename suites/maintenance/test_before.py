"""Before maintenance: what is there now is written down, to compare with afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("voyageur.maintenance.pre-state-metrics", fault="dashboard:fails")
def test_metrics_before_are_kept(app_command: AppCommands, record: Record, documents: Documents) -> None:
    """The dashboard's export is written down before anything is stopped: the numbers that it then had."""
    shown = app_command.report("dashboard")
    record("requests_before", shown.counted, "requests")
    documents.write("before-metrics.json", json.dumps(shown.document, indent=1))


@pytest.mark.procedure("voyageur.maintenance.pre-state-metrics", fault="llm:down")
def test_figures_before_are_kept(record: Record, documents: Documents) -> None:
    """How many of our own calls are answered, and how fast, is written down before anything is stopped."""
    with record.to_the_end():  # what is slow, or fails, before is what there is to compare with
        found = [record.figure(name) for name in ("api_error_rate", "api_success_rate", "api_latency_mean")]
        documents.write("before-figures.txt", "\n".join(f"{one.name}: {one.value:g} {one.unit}" for one in found))


@pytest.mark.generic
@pytest.mark.procedure("voyageur.maintenance.pre-state-models", fault="llm:no-models")
def test_models_before_are_kept(llm: Llm, record: Record, documents: Documents) -> None:
    """The list of models is written down before anything is stopped; none that the target names is missing."""
    models = [f"{model.name} {model.digest}".strip() for model in llm.models()]
    record("model_count", len(models), "models")
    documents.write("before-models.txt", "\n".join(models))
    missing = llm.missing_models()
    assert not missing, f"{llm.http.component}: missing before anything is stopped: {', '.join(missing)}"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.qdrant-optimisation.statistics", fault="vectors:empty")
def test_collection_statistics(vectors: Vectors, record: Record, documents: Documents) -> None:
    """Points, indexed vectors and segments of the collection, to be compared before and after."""
    counts = vectors.statistics()
    documents.write("collection-statistics.txt", "\n".join(f"{what}: {count}" for what, count in counts.items()))
    record("collection_points", counts["points"], "points")
    record("collection_indexed", counts["indexed_vectors"], "vectors")
    record("collection_segments", counts["segments"], "segments")
    assert counts["points"], "qdrant: the collection is empty: there is nothing to optimise"
