"""The cache of the week: what it was good for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("voyageur.wednesday-performance.cache-review", fault="dashboard:fails")
@pytest.mark.procedure("voyageur.wednesday-performance.cache-review", fault="dashboard:garbage")
def test_cache_block_is_kept(app_command: AppCommands, documents: Documents, record: Record) -> None:
    """The dashboard's block about the cache, of a process that has counted something, is in the weekly report."""
    block = app_command.report("dashboard").document["metrics"]["cache"]
    kept = documents.read(documents.write("cache-performance.json", json.dumps(block, indent=1)))
    assert kept == block, f"the weekly report's block about the cache is {kept}, and the dashboard showed {block}"
    record("dashboard_cache_hit_rate", block["hit_rate"], "%", of=f"{block['hits']} hits, {block['misses']} misses")


@pytest.mark.procedure("voyageur.wednesday-performance.cache-hit-rate-low", fault="week_logs:misses")
def test_cache_hit_rate_of_the_week(record: Record) -> None:
    """The share of the week's look-ups that found something, as the application logged them."""
    record.figure("cache_hit_rate[week]")
