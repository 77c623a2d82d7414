"""Which baselines a target has: its own, or those shipped for the embedded sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.judge.baselines import Store
from pytest_llmops.target.places import beside_package

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target

FOLDER = "baselines"

SHIPPED = beside_package(FOLDER)
"""Those of the embedded sandbox."""


def store_of(target: Target) -> Store:
    """The target's own baselines; the shipped ones for a sandbox that has none of its own."""
    own = target.root / FOLDER
    if target.table.environment == "sandbox" and not (own / target.name).is_dir():
        return Store(SHIPPED)
    return Store(own)


def own_store_of(target: Target) -> Store:
    """The target's own baselines: where accepting writes."""
    return Store(target.root / FOLDER)
