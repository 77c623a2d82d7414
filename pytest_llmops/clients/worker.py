"""A process that nobody calls: whether it is there, its control driver tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.control.drivers import hands_on
from pytest_llmops.errors import CallFailed, ControlError

if TYPE_CHECKING:
    from pytest_llmops.clients.client import Level
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target


class Worker:
    """A worker, a pipeline, a scheduler.

    Args:
        target: the deployment.
        component: its name there.
        ledger: left alone, for no call is made.
    """

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        self.component = component
        self._hands = hands_on(target, component)
        self.address = self._hands.driver.what

    def __repr__(self) -> str:
        return f"Worker({self.address})"

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Runs: its driver sees it, and sees it ready."""
        return [("runs", self.check)]

    def check(self) -> None:
        """See whether it runs.

        Raises:
            CallFailed: ``unhealthy``: it does not, or is not ready yet; ``connection``: its driver cannot tell.
        """
        try:
            now = self._hands.status()
        except ControlError as error:
            raise CallFailed(self.component, "connection", str(error)) from error
        if now.state != "running" or not now.settled:
            how = f"{'' if now.settled else 'not yet '}{now.state}{f' ({now.detail})' if now.detail else ''}"
            raise CallFailed(self.component, "unhealthy", f"{self.component}: it is {how}.")

    def close(self) -> None:
        """Give its driver's connections back."""
        self._hands.close()
