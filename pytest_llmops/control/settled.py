"""Waits for a component that is on its way to a state; only what has arrived is written down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_llmops.control.hands import ASK_AGAIN_S, LONGEST_PAUSE_S
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from pytest_llmops.control.driver import Status
    from pytest_llmops.control.hands import Hands


def settled(hands: Hands, to_what_end: str) -> Status:
    """How a component is, once it has arrived there.

    Args:
        hands: on it.
        to_what_end: what has to wait for that, for the error.

    Raises:
        ControlError: it has not within the deadline, or its driver cannot tell.
    """
    ends_at, pause_s = time.monotonic() + hands.deadline_s, ASK_AGAIN_S
    while True:
        now = hands.status()
        if now.settled:
            return now
        if time.monotonic() + pause_s >= ends_at:
            raise ControlError(
                hands.component,
                "timeout",
                f"{hands.component}: {to_what_end} has to wait, for {hands.driver.what} was on its way for all of "
                f"{hands.deadline_s:g} s: it is not yet {now.state}{f' ({now.detail})' if now.detail else ''}.",
            )
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
