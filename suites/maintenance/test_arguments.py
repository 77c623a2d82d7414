"""Procedures that change a lot refuse to begin without being told what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands


NOT_THERE = 4


@pytest.mark.procedure("aegis-rag.model-update.arguments", fault="model_update:accepts")
@pytest.mark.procedure("aegis-rag.model-update.arguments", fault="model_update:silent")
def test_model_update_asks_for_both_models(app_command: AppCommands) -> None:
    """Without the names of the two models the update, with no power to change anything, ends with 1 and its usage."""
    ran = app_command.run("model_update")
    if ran.status == NOT_THERE:
        raise Unsupported(f"app_command: model_update: {app_command.quoted(ran.said)}")
    assert "Usage:" in ran.output, f"app_command: model_update does not say its usage: {app_command.quoted(ran.output)}"
