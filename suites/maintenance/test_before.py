"""Before maintenance: what is there now is written down, to compare with afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("voyageur.maintenance.pre-state-metrics", fault="dashboard:fails")
def test_metrics_before_are_kept(app_command: AppCommands, documents: Documents) -> None:
    """The dashboard's metrics are written down before anything is stopped."""
    shown = app_command.json("dashboard")
    assert documents.read(documents.write("before-metrics.json", json.dumps(shown, indent=1)))["metrics"]


@pytest.mark.generic
@pytest.mark.procedure("voyageur.maintenance.pre-state-models", fault="llm:no-models")
def test_models_before_are_kept(llm: Llm, record: Record, documents: Documents) -> None:
    """The list of models is written down before anything is stopped."""
    models = [f"{model.name} {model.digest}".strip() for model in llm.models()]
    record("model_count", len(models), "models")
    documents.write("before-models.txt", "\n".join(models))


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
