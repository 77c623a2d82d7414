"""Writes canaries to a store while it is broken, and counts those that it acknowledged and has lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from pytest_llmops.clients.canaries import canaries
from pytest_llmops.drill.drilled import Loss
from pytest_llmops.errors import CallFailed, ControlError, NotSteady
from pytest_llmops.operate.asking import Asking
from pytest_llmops.target.settings import Canary as Table
from pytest_llmops.target.settings import endpoint_of

if TYPE_CHECKING:
    from pytest_llmops.clients.client import Client
    from pytest_llmops.control.change import Change

AHEAD = 20
"""Canaries that are written before the fault: a store that writes to its disk once a second has done so by then."""

SEEN_WITHIN_S = 5.0
"""What was written is to be there by then."""


class Canary:
    """The canaries of one drill. Their place is journalled before it is made, and removed again.

    Args:
        client: of the store; nobody else's, for canaries are written by a thread.
        change: of the test.

    Attributes:
        name: what they are called there.
    """

    def __init__(self, client: Client, change: Change) -> None:
        self.store = client.component
        self.name = f"llmops-canary-{uuid4().hex[:8]}"
        self._change = change
        self._setting = f"canary in {self.store}"
        self._canaries = canaries(client, self.name)
        self._acknowledged: dict[int, float] = {}
        self._next = 0
        self.asking = Asking(f"canary in {self.store}", self._write)

    @property
    def unwritten(self) -> str:
        """Why none can be written; empty where they can."""
        if self._canaries is not None:
            return ""
        return f"nothing can be written to {self.store} that touches nobody's data"

    @property
    def _lost(self) -> str:
        return f"{self.store} does not keep what it acknowledges before anything was broken, so nothing was"

    def begin(self) -> None:
        """Make the place, see that what is written there can be read, and write on from then.

        Raises:
            NotSteady: it cannot.
            BudgetSpent: the run may not make that many calls.
        """
        endpoint = endpoint_of(self._change.target.component(self.store))
        table = Table(driver="canary", component=self.store, endpoint=endpoint, name=self.name, deadline=SEEN_WITHIN_S)
        self._change.also(self._setting, table)
        try:
            self._change.set(self._setting, there=True)
        except ControlError as error:
            if error.kind != "timeout":
                raise
            raise NotSteady(f"{self._lost}: {self.name} was written and is not there") from error
        self._acknowledged[0] = time.perf_counter()
        self._next = 1
        self.asking.start()
        self.asking.await_more(AHEAD)
        failed = [probe.why for probe in self.asking.probes if probe.why]
        missing = self._missing()
        if failed or missing:
            why = failed[0] if failed else f"{len(missing)} of {self._next} acknowledged writes cannot be read back"
            raise NotSteady(f"{self._lost}: {why}")

    def remove(self, fault_at: float) -> Loss:
        """Write no more, count what is lost, and remove the place.

        Args:
            fault_at: the moment before the fault, of `time.perf_counter`.

        Raises:
            CallFailed, ControlError: the store does not answer.
            BudgetSpent: there were fewer than there should have been.
        """
        self.asking.end()
        self.asking.check()
        missing = self._missing()
        self._change.set(self._setting, there=False)
        times = [self._acknowledged[number] for number in missing]
        before = {number for number, at in self._acknowledged.items() if at < fault_at}
        rpo_s = max(fault_at, *times) - min(times) if times else 0.0
        return Loss(self.store, len(self._acknowledged), len(missing), rpo_s, before <= set(missing))

    def _missing(self) -> list[int]:
        """Those that were acknowledged by now, and are not there."""
        acknowledged = sorted(self._acknowledged.copy())
        assert self._canaries is not None
        there = self._canaries.read()
        return [number for number in acknowledged if number not in there]

    def _write(self) -> str:
        """Write the next one; why it was not acknowledged, or nothing."""
        number, self._next = self._next, self._next + 1
        assert self._canaries is not None
        try:
            self._canaries.write(number)
        except CallFailed as error:
            return str(error)
        self._acknowledged[number] = time.perf_counter()
        return ""
