"""Something that is asked again and again by a thread of its own: when, how long each took, and why one failed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_S = 0.1
"""Between two requests, at first."""

EACH = 100
"""After so many requests each pause is twice as long: what lasts ten minutes is asked 600 times."""

AROUND = 3
"""Requests before anything is done, and at least so many afterwards: what broke may break a moment later."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One request.

    Attributes:
        at: when it was made, in seconds of a monotonic clock.
        took_s: until its answer, or until it failed.
        why: it failed; empty where it did not.
    """

    at: float
    took_s: float
    why: str = ""

    @property
    def end(self) -> float:
        """When it was over."""
        return self.at + self.took_s


class Asking:
    """Asks until it is told to end.

    Args:
        name: of what is asked, for whoever lists threads.
        ask: asks once; returns why that failed, or nothing.
        pause_s: between two requests, at first.

    Attributes:
        probes: the requests so far, in their order.
    """

    def __init__(self, name: str, ask: Callable[[], str], pause_s: float = PAUSE_S) -> None:
        self._ask = ask
        self._pause_s = pause_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True, name=f"asks {name}")
        self._one_more = threading.Condition()
        self.probes: list[Probe] = []
        self._broke: Exception | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Ask no more, and wait until the last request is over."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def await_more(self, count: int) -> None:
        """Wait for further requests.

        Raises:
            Exception: why there are none any more.
        """
        with self._one_more:
            wanted = len(self.probes) + count
            self._one_more.wait_for(lambda: len(self.probes) >= wanted or self._broke is not None)
        self.check()

    def check(self) -> None:
        """See whether asking goes on.

        Raises:
            Exception: why it does not: the budget is spent.
        """
        if self._broke is not None:
            raise self._broke

    def _live(self) -> None:
        """Ask until the end, or until asking itself breaks: whoever waits is to hear of that, whatever it is."""
        try:
            self._ask_on()
        except Exception as error:  # noqa: BLE001 (raised again where the requests are waited for)
            with self._one_more:
                self._broke = error
                self._one_more.notify_all()

    def _ask_on(self) -> None:
        pause_s = self._pause_s
        while not self._over.is_set():
            at = time.perf_counter()
            why = self._ask()
            probe = Probe(at, time.perf_counter() - at, why)
            with self._one_more:
                self.probes.append(probe)
                self._one_more.notify_all()
            pause_s *= 2 if len(self.probes) % EACH == 0 else 1
            self._over.wait(pause_s)
