"""Drives the place of canaries in a store: made before anything is written there, and removed with all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.canaries import canaries
from pytest_llmops.control.driver import Status
from pytest_llmops.errors import Unsupported
from pytest_llmops.operate.behind import BehindDriver, acting, looking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Canary


class CanaryDriver(BehindDriver):
    """One place; what is kept of it is whether it is there."""

    def __init__(self, settings: Canary, target: Target) -> None:
        super().__init__(settings, target)
        found = canaries(self.client, settings.name)
        if found is None:
            raise Unsupported(f"{settings.component}: nothing can be written there that touches nobody's data.")
        self._canaries = found

    def status(self, within_s: float) -> Status:
        """Whether it is there."""
        with looking():
            there = self._canaries.there
        return Status("running", detail="canaries" if there else "", kept={"there": there})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Make it, or remove it."""
        with acting():
            self._canaries.make() if kept["there"] else self._canaries.remove()

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """How a person removes it."""
        return self._canaries.by_hand
