"""Procedures that change a lot refuse to begin without being told what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands


@pytest.mark.procedure("aegis-rag.model-update.arguments", fault="model_update:accepts")
@pytest.mark.procedure("aegis-rag.model-update.arguments", fault="model_update:silent")
def test_model_update_asks_for_both_models(app_command: AppCommands) -> None:
    """Without the names of the two models the update ends with exit status 1 and says how it is used."""
    said = app_command.text("model_update")
    assert "Usage:" in said, f"app_command: model_update does not say how it is used: {app_command.quoted(said)}"
