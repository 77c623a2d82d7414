"""Maintenance windows: those of the runbook are configured, and a change waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.maintenance import Maintenance
    from pytest_llmops.plugin.recording import Record

weekly = pytest.mark.procedure(
    "document-enhancer.weekly-maintenance.window-gate",
    "agent-aiops.maintenance.window-gate",
    fault="runbook:other-window",
)
monthly = pytest.mark.procedure(
    "document-enhancer.monthly-maintenance.window-gate",
    "voyageur.maintenance.window-gate",
    fault="runbook:other-window",
)
named = pytest.mark.parametrize("name", [pytest.param("weekly", marks=weekly), pytest.param("monthly", marks=monthly)])


@named
def test_window_is_configured(maintenance: Maintenance, record: Record, name: str) -> None:
    """The window that the runbook names is among those of the target, and no longer than it may be."""
    record(f"window_duration[{name}]", maintenance.named(name).lasts_s, "s")
    assert not maintenance.missing(name), maintenance.missing(name)


@named
def test_changes_wait_for_the_window(maintenance: Maintenance, name: str) -> None:
    """A step of the window is let through with both keys within it, and refused beside it; nothing is changed."""
    wrong = maintenance.wrongly_judged(name)
    assert not wrong, f"disruptive tests: {'; '.join(wrong)}"
    assert maintenance.refused_beside(name), "disruptive tests: some window is always open"
