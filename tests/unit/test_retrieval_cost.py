"""What asking a search costs stands in the plan before anything is called."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_llmops.plugin.retrieval_cost import once_for_retrieval
from pytest_llmops.target.load import load


def twice(retrieval):
    retrieval.found("documents")
    retrieval.again("documents")


def looked(retrieval):
    retrieval.collection("documents").stored()


def dated(retrieval):
    retrieval.recent("documents", last_s=60)


def moved(retrieval):
    retrieval.drift("documents")


def reranked(retrieval):
    retrieval.found("reranked")


def unknown(retrieval):
    retrieval.found("elsewhere")


@pytest.mark.parametrize(
    ("test", "profile", "cost"),
    [
        (
            twice,
            "sandbox",
            {
                "embedded-documents": {"ollama.embed": 10},
                "retrieval-documents": {"qdrant.search": 10},
                "embedded-again-documents": {"ollama.embed": 10},
                "retrieval-again-documents": {"qdrant.search": 10},
            },
        ),
        (moved, "sandbox", {"embedded-documents": {"ollama.embed": 10}}),
        (looked, "sandbox", {"collection-documents": {"qdrant.scroll": 5, "ollama.embed": 5}}),
        (dated, "sandbox", {"recent-documents": {"qdrant.scroll": 51}}),
        (reranked, "sandbox:aegis-rag", {"retrieval-reranked": {"api.query": 10}}),
        (
            twice,
            "sandbox:agent-aiops",
            {
                "retrieval-documents": {"app_command.rag_retrieval": 1},
                "retrieval-again-documents": {"app_command.rag_retrieval": 1},
            },
        ),
        (unknown, "sandbox", {}),
    ],
)
def test_each_round_is_counted_once(test, profile, cost):
    assert once_for_retrieval(SimpleNamespace(function=test), load(None, profile, Path.cwd())) == cost
