"""The fixture that has a synthetic person deleted, and sees what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.control.change import Change
    from pytest_llmops.plugin.erasing import Erasing
    from pytest_llmops.plugin.run import Run


@pytest.fixture
def erasure(_llmops: Run, request: pytest.FixtureRequest, change: Change) -> Erasing:
    """A synthetic person is written to the target, deleted by its route, and looked for again: ``receipt(store)``.

    Once a run, by the test that asks first: the person is written by every route that takes something in a user's name
    (``ingest``, ``query``, ``feedback``), looked for in API, vectors, cache, logs, traces, feedback and backups,
    deleted by the route ``delete``, and looked for again until the profile's ``security.erasure.within`` has passed.
    ``seen()`` is what came of it: ``status state completed steps wrong kept receipts``; ``carried_out()`` also writes
    the page of receipts to the documents, and records ``erasure_time`` and ``erasure_kept``. ``receipt(store)`` is
    *unsupported* where nobody can look, and *vacuous* where the person was not found before. ``refusals()`` says how
    the route answers who may not delete, without deleting anybody. What is planted is journalled, and taken out at the
    end of the test, or by ``llmops recover``.

    Example:
        def test_nothing_stays_in_the_cache(erasure):
            receipt = erasure.receipt("cache")
            assert receipt.outcome == "gone", receipt.said
    """
    from pytest_llmops.plugin.erasing import Erasing
    from pytest_llmops.plugin.this_test import ThisTest

    return Erasing(ThisTest.asking(_llmops, request), change)
