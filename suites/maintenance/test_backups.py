"""Backups of the configuration: kept in the number that is asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.files import Files
    from pytest_llmops.plugin.recording import Record

pytestmark = pytest.mark.generic


@pytest.mark.procedure(fault="rules:missing, settings_file:missing, maintenance_flag:missing")
@pytest.mark.procedure(fault="configuration_texts:missing")
def test_old_backups_go(files: Files, retire_backups: Callable[[], list[str]], record: Record) -> None:
    """Once a new backup is there and whole, those beyond the number that is kept go."""
    files.backups().make(time.time())
    gone = retire_backups()
    record("backups_deleted", len(gone), "backups", of=", ".join(gone))
    assert not files.backups().superseded(), "files: backups are left that newer ones supersede"
