"""Hostile input: refused, or answered as any other; nothing crashes, hangs, is carried out or comes back as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.security.hostile import Tried


@pytest.mark.generic
@pytest.mark.weekly
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:crashes-on-control")
@pytest.mark.procedure(fault="api:hangs-on-nesting")
@pytest.mark.procedure(fault="api:runs-templates")
@pytest.mark.procedure(fault="api:debug")
@pytest.mark.procedure(fault="api:leaks-traces")
@pytest.mark.procedure(
    "voyageur.monday-health.input-sanitisation",
    "voyageur.security.input-sanitisation",
    fault="api:crashes-on-control",
)
@pytest.mark.procedure(
    "voyageur.monday-health.input-sanitisation",
    "voyageur.security.input-sanitisation",
    fault="api:runs-templates",
)
def test_hostile_input_is_refused_or_answered_cleanly(hostile_input: Callable[[], Tried], record: Record) -> None:
    """Sizes, encodings, control characters, types, nesting and fragments of code are answered 4xx, or as any text."""
    tried = hostile_input()
    record("hostile_inputs", tried.calls, "inputs")
    assert not tried.weaknesses, "; ".join(tried.weaknesses)
