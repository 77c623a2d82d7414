"""Waits until what watches a target has looked again, within a time of its own and the run's budget."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.state.ledger import Ledger


@dataclass
class Patience:
    """A time that may be waited, in one go or in several.

    Attributes:
        ledger: whose budget of seconds is waited out of.
        say: told once that somebody has to wait.
        within_s: seconds that are left of that time.
        sleep, clock: for tests.
    """

    ledger: Ledger
    say: Callable[[str], object]
    within_s: float
    sleep: Callable[[float], object] = field(default=time.sleep)
    clock: Callable[[], float] = field(default=time.monotonic)
    _told: bool = False

    def until(self, holds: Callable[[], bool], pause_s: float, why: str) -> bool:
        """Look until something holds.

        Args:
            holds: looks.
            pause_s: seconds between two looks.
            why: what is waited for, for who watches the run.

        Returns:
            Whether it held at last; not, where another pause is more than what is left of the time or of the budget.
        """
        while not holds():
            left_s = self.ledger.budget.seconds - self.ledger.spent().seconds
            if pause_s > min(self.within_s, left_s):
                return False
            if not self._told:
                self.say(f"{why}, for at most {min(self.within_s, left_s):.0f} s")
                self._told = True
            start = self.clock()
            self.sleep(pause_s)
            took_s = self.clock() - start
            self.within_s -= took_s
            self.ledger.charge("watching", seconds=took_s)
        return True
