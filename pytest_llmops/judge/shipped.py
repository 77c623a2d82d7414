"""Which baselines a target has: its own, or those shipped for the embedded sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.judge.baselines import Store

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target

FOLDER = "baselines"

_PACKAGE = Path(__file__).parent.parent
SHIPPED = next((f for f in (_PACKAGE / FOLDER, _PACKAGE.parent / FOLDER) if f.is_dir()), _PACKAGE / FOLDER)
"""Within the installed package, or beside it in a clone."""


def store_of(target: Target) -> Store:
    """The target's own baselines; the shipped ones for a sandbox that has none of its own."""
    own = target.root / FOLDER
    if target.table.environment == "sandbox" and not (own / target.name).is_dir():
        return Store(SHIPPED)
    return Store(own)


def own_store_of(target: Target) -> Store:
    """The target's own baselines: where accepting writes."""
    return Store(target.root / FOLDER)
