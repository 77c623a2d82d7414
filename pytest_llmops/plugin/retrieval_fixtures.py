"""The fixture that asks the target's searches their labelled queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.retrieving import Retrievals
    from pytest_llmops.plugin.run import Run


@pytest.fixture
def retrieval(_llmops: Run, request: pytest.FixtureRequest) -> Retrievals:
    """The target's searches, each by its name in ``retrieval``: ``found() again() recent() collection() …``.

    ``found(SEARCH)`` is what it finds for queries whose documents are known, asked once a run: ``recall_pct hit_pct mrr
    empty_pct similarity_p50 missed said``. ``collection(SEARCH)`` looks into the vector store: ``stored() reembedded()
    segments()``; ``separation(SEARCH)`` is how well its embeddings tell texts apart. Beside the accepted canary, which
    ``llmops canary accept`` makes of a run with ``--llmops-baseline record``, stand ``changes() score_changes()
    figure_changes() drift() model_change()``: without one they say nothing, and the check is noted ``no-baseline``.

    Example:
        def test_documents_are_found(retrieval, record):
            found = retrieval.found("documents")
            record("retrieval_recall[documents]", found.recall_pct, "%", of=found.said)

        def test_nothing_got_worse(retrieval, record):
            for change in retrieval.changes("documents"):
                record(f"{change.name}[documents].worse", change.pct, "%", of=change.said)
    """
    from pytest_llmops.plugin.retrieving import Retrievals
    from pytest_llmops.plugin.this_test import ThisTest

    return Retrievals(ThisTest.asking(_llmops, request))
