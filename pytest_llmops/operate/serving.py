"""Whether a component serves while something is done to it: it is asked again and again meanwhile, by a thread."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.operate.asking import AROUND, Asking
from pytest_llmops.operate.recovery import glance

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Client


@dataclass(frozen=True, slots=True)
class Served:
    """What requests came to that were made while something was done to a component.

    Attributes:
        component: its name.
        asked: how many there were, one after the other.
        failed: seconds from the beginning to each that failed, and why it did.
        acted_s: what was done took so long.
        longest_s: the slowest request.
    """

    component: str
    asked: int
    failed: tuple[tuple[float, str], ...]
    acted_s: float
    longest_s: float

    @property
    def said(self) -> str:
        """What failed, in a sentence's words; empty where nothing did."""
        if not self.failed:
            return ""
        (first_s, why), (last_s, _) = self.failed[0], self.failed[-1]
        when = f"after {first_s:.1f} s" if len(self.failed) == 1 else f"from {first_s:.1f} s to {last_s:.1f} s"
        return f"{len(self.failed)} of {self.asked} requests failed, {when}; the first: {why}"


def served(client: Client, act: Callable[[], object]) -> Served:
    """Do something, and look at a component meanwhile; a little before it and after it, too.

    Args:
        client: of the component; its calls count in the budget and the rate limit.
        act: what is done.

    Raises:
        LlmopsError: whatever the act raises, or the budget is spent; if that is so before the act, it is not begun.
    """
    asking = Asking(client.component, lambda: glance(client))
    asking.start()
    try:
        asking.await_more(AROUND)
        start = time.perf_counter()
        act()
        acted_s = time.perf_counter() - start
        asking.await_more(AROUND)
    finally:
        asking.end()
    probes = asking.probes
    failed = tuple((probe.at - probes[0].at, probe.why) for probe in probes if probe.why)
    return Served(client.component, len(probes), failed, acted_s, max(probe.took_s for probe in probes))
