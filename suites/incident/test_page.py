"""The page for people: does its web server run?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.measuring import Record


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.agent-failure.application-status", fault="ui:failing")
def test_page_is_served(ui: Ui, record: Record) -> None:
    """The web server of the page says that it is well, in time."""
    record("ui_health_time", ui.health(), "s")
