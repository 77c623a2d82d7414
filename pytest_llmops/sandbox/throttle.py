"""The API's own limit: so many calls of one address within a time, and 429 for the rest."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.target.component import RateLimit


class Throttle:
    """Counts calls in a sliding window.

    Attributes:
        refused: whether a call did not pass yet, for it was one too many.

    Args:
        limit: the API's; None for none.
        shut: the fault under which no call passes.
        grudge: the fault under which none does any more once one did not.
    """

    def __init__(self, limit: RateLimit | None, *, shut: bool = False, grudge: bool = False) -> None:
        self._limit = limit
        self._shut = shut
        self._grudge = grudge
        self._calls: deque[float] = deque()
        self.refused = False

    def wait_s(self) -> int | None:
        """Whole seconds after which a call would pass; None where it passes now, and is counted."""
        now = time.monotonic()
        if self._shut:
            return math.ceil(self._limit.per_s if self._limit else 60.0)
        if self._limit is None:
            return None
        while self._calls and self._calls[0] <= now - self._limit.per_s:
            self._calls.popleft()
        if len(self._calls) >= self._limit.calls:
            self.refused = True
            self._shut = self._grudge
            return max(1, math.ceil(self._calls[0] + self._limit.per_s - now))
        self._calls.append(now)
        return None
