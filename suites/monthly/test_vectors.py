"""Monthly: the vector store has been looked after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.over_time import History


@pytest.mark.procedure("aegis-rag.vector-issues.prevention-index-optimisation", fault="past:stale")
def test_optimizer_was_looked_at(history: History, record: Record) -> None:
    """A run of the last month found the collection's optimizer well."""
    record("optimizer_check_age", history.age("optimizer_ok"), "s")
