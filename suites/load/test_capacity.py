"""Capacity: the highest rate that the service carries within its objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.loading import LoadRun


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure(fault="api:slots=1, llm:slow=2")
def test_questions_that_are_carried(load_run: LoadRun) -> None:
    """The highest rate, up to eight questions a second, at which nearly all answers come in time."""
    load_run.capacity("questions", workload="rag", shape="steady", start=8, cap=8)
