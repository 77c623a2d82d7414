"""The time that an act has, whatever its library waits for."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LEAST_S = 0.01


class Deadline:
    """A moment after which nobody waits any more.

    Args:
        within_s: from now.
    """

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._ends_at = time.monotonic() + within_s

    @property
    def left_s(self) -> float:
        """Seconds that are left; never quite none, so that whoever takes it as a timeout does not wait for ever."""
        return max(LEAST_S, self._ends_at - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._ends_at

    def call(self, work: Callable[[], T], late: str) -> T:
        """What ``work`` returns, if that comes in time; else it is left to itself, in a thread that holds nobody up.

        The timeouts of HTTP libraries are for each read, so an engine that answers by drops outlives them.

        Args:
            work: asks a library.
            late: the sentence for the error.

        Raises:
            ControlError: ``timeout``.
        """
        outcome: list[tuple[T | None, BaseException | None]] = []

        def run() -> None:
            try:
                outcome.append((work(), None))
            except BaseException as error:  # noqa: BLE001 (raised below, where somebody asked)
                outcome.append((None, error))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.left_s)
        if not outcome:
            raise ControlError("", "timeout", late)
        value, error = outcome[0]
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # where there is no error it is the value
