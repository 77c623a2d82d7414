"""The page for people: does its web server run?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.target.load import Target


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.agent-failure.application-status", fault="ui:failing")
def test_page_is_served(ui: Ui, record: Record) -> None:
    """The web server of the page says that it is well, in time."""
    record("ui_health_time", ui.health(), "s")


@pytest.mark.procedure("agent-aiops.support-procedure.reproduce", fault="llm:nonsense")
def test_reported_queries_are_answered_rightly(ui: Ui, llmops_target: Target) -> None:
    """Each query that was reported gets the answer that was expected, and the page shows no error."""
    wrong = [one.id for one in llmops_target.reported if not ui.ask(one).knows(one.expect)]
    assert not wrong, f"ui: what was reported happens again, the answer is not the expected one: {', '.join(wrong)}"
