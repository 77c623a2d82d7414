"""Whether a component serves while something is done to it: it is asked again and again meanwhile, by a thread."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.vitals import Vitals

PAUSE_S = 0.1
"""Between two requests, at first."""

EACH = 100
"""After so many requests each pause is twice as long: what lasts ten minutes is asked 600 times."""

AROUND = 3
"""Requests before anything is done, and at least so many afterwards: what broke may break a moment later."""


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


def served(client: Vitals, act: Callable[[], object]) -> Served:
    """Do something, and ask a component's health meanwhile; a little before it and after it, too.

    Args:
        client: of the component; its calls count in the budget and the rate limit.
        act: what is done.

    Raises:
        LlmopsError: whatever the act raises, or the budget is spent; if that is so before the act, it is not begun.
    """
    asking = _Asking(client)
    asking.start()
    try:
        asking.await_more(AROUND)
        start = time.perf_counter()
        act()
        acted_s = time.perf_counter() - start
        asking.await_more(AROUND)
    finally:
        asking.end()
    return Served(client.component, asking.asked, tuple(asking.failed), acted_s, asking.longest_s)


class _Asking:
    """Asks again and again, until it is told to end."""

    def __init__(self, client: Vitals) -> None:
        self._client = client
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True, name=f"asks {client.component}")
        self._one_more = threading.Condition()
        self.asked = 0
        self.failed: list[tuple[float, str]] = []
        self.longest_s = 0.0
        self._broke: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def await_more(self, count: int) -> None:
        """Wait for further requests.

        Raises:
            Exception: why there are none any more.
        """
        wanted = self.asked + count
        with self._one_more:
            self._one_more.wait_for(lambda: self.asked >= wanted or self._broke is not None)
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
        start = time.perf_counter()
        pause_s = PAUSE_S
        while not self._over.is_set():
            asked_at = time.perf_counter()
            why = self._ask()
            took_s = time.perf_counter() - asked_at
            with self._one_more:
                self.asked += 1
                self.longest_s = max(self.longest_s, took_s)
                self.failed += [(asked_at - start, why)] if why else []
                self._one_more.notify_all()
            pause_s *= 2 if self.asked % EACH == 0 else 1
            self._over.wait(pause_s)

    def _ask(self) -> str:
        """Ask once; why that failed, or nothing.

        Raises:
            LlmopsError: it could not be asked: the budget is spent.
        """
        try:
            if self._client.config.health is None:
                self._client.http.call("GET", "/").ok()
                return ""
            report = self._client.health()
        except CallFailed as error:
            return str(error)
        return "" if report.healthy else report.reason
