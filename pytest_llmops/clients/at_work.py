"""A number of the machine while it works: looked at beside a few calls of ours to a component."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from statistics import median
from typing import TYPE_CHECKING

from pytest_llmops.clients.calls import Calls, made
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Client
    from pytest_llmops.target.load import Target

LOOK_EVERY_S = 0.5
"""Between two looks."""


def at_work(look: Callable[[], float], client: Client, component: str, target: Target) -> float:
    """The median of the looks while the calls are under way, of which there is one at least.

    Args:
        look: reads the number once.
        client: who is called; a model server generates.
        component: its name.
        target: whose questions are asked.

    Raises:
        CallFailed: not one call was answered, so it did not work; or as ``look``.
        BudgetSpent: as in ``calls.made``.
    """
    look()  # what cannot be had is known before anybody works for it
    looks: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        calls = pool.submit(made, client, target, light=False)
        while not looks or not calls.done():
            looks.append(look())
            wait([calls], timeout=LOOK_EVERY_S)
    made_calls = Calls.read(component, calls.result()).calls
    if all(call.took_s is None for call in made_calls):
        said = f"{component}: none of {len(made_calls)} calls was answered; the last: {made_calls[-1].failure}"
        raise CallFailed(component, "unanswered", said)
    return median(looks)
