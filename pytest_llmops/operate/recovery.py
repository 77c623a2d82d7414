"""Recovery: how long it takes, from an act on, until a component works again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.clients.ui import Ui
from pytest_llmops.clients.vectors import Vectors
from pytest_llmops.clients.vitals import Vitals
from pytest_llmops.errors import CallFailed, StepFailed
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.health import HealthReport

ASK_AGAIN_S = 0.1
LONGEST_PAUSE_S = 2.0
FAILED = 500
"""A status from which on a service has failed; below, it answers, though it may not know what it was asked."""

FIRST_TOKEN_S = 180.0
"""For a model server that has to load its model first, as long as its check lasts."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A component that works again.

    Attributes:
        component: its name.
        took_s: from the moment before the act until it was seen to work.
        acted_s: what the act itself took of that.
        seen: what was seen of it, one line.
    """

    component: str
    took_s: float
    acted_s: float
    seen: str


def recovered(client: Client, act: Callable[[], object], within_s: float) -> Recovered:
    """Act, and ask again and again until the component works.

    Args:
        client: of the component, whether or not it can be reached.
        act: what is done to it, such as ``lambda: change.restart("ollama")``.
        within_s: how long it may take from the end of the act on.

    Raises:
        StepFailed: it did not work in time; says why not.
        LlmopsError: whatever the act raises.
    """
    start = time.perf_counter()
    act()
    acted_s = time.perf_counter() - start
    holds, seen = until(lambda: works(client, within_s), within_s)
    if not holds:
        raise StepFailed(f"{client.component}: it does not work {spoken(within_s)} after it was acted on: {seen}")
    return Recovered(client.component, time.perf_counter() - start, acted_s, seen)


def until(
    look: Callable[[], tuple[bool, str]], within_s: float, longest_pause_s: float = LONGEST_PAUSE_S
) -> tuple[bool, str]:
    """Look again and again until it is so, or too late: whether it is, and what was seen last."""
    ends_at, pause_s = time.monotonic() + within_s, ASK_AGAIN_S
    while True:
        holds, seen = look()
        if holds or time.monotonic() + pause_s >= ends_at:
            return holds, seen
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, longest_pause_s)


def works(client: Client, within_s: float) -> tuple[bool, str]:
    """Whether it passes its preflight, and says of itself that it is well where it says anything of that; and why."""
    found = preflight(client, min(within_s, FIRST_TOKEN_S))
    if not found.ok:
        return False, found.reason
    try:
        said = _said_of_itself(client)
    except CallFailed as error:
        return False, str(error)
    return (said.healthy, said.reason) if said else (True, found.reason)


def glance(client: Client) -> str:
    """Look at a component by one cheap call, at what it says of itself or else whether it answers at all.

    Returns:
        Why that failed; empty where it did not.

    Raises:
        LlmopsError: nobody could look: the budget is spent.
    """
    try:
        said = _said_of_itself(client)
        if said is None and isinstance(client, Vitals):
            answer = client.http.call("GET", "/")
            if answer.status >= FAILED:
                answer.ok()
        elif said is None and not isinstance(client, Ui | Vectors):
            _, reach = client.levels(0.0, {})[0]  # what says that it is loading is not waited for
            reach()
    except CallFailed as error:
        return str(error)
    return "" if said is None or said.healthy else said.reason


def _said_of_itself(client: Client) -> HealthReport | None:
    """Its report where it makes one; a page and a vector store say in a status whether they are well.

    Raises:
        CallFailed: it is not well, or does not answer.
    """
    if isinstance(client, Vitals) and client.config.health is not None:
        return client.health()
    if isinstance(client, Ui):
        client.health()
    if isinstance(client, Vectors):
        client.ready()
    return None
