"""When each token comes: log-normal delays, the same in every run of the same calls."""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.target.embedded import Sandbox


class Pace:
    """The delays of one run, drawn from the seed, the text of a call and how often it came before.

    Args:
        sandbox: medians in seconds, and the sd of their logarithm.
        slow: factor on every delay.
    """

    def __init__(self, sandbox: Sandbox, slow: float = 1.0) -> None:
        self._sandbox = sandbox
        self._slow = slow
        self._calls: Counter[str] = Counter()

    def generation(self, prompt: str, tokens: int) -> list[float]:
        """Seconds from the request's arrival to each token; at least one value, for an answer without tokens."""
        draw = self._draw(f"generate {prompt}")
        at = [self._delay(self._sandbox.delay_s, draw)]
        for _ in range(1, tokens):
            at.append(at[-1] + self._delay(self._sandbox.token_s, draw))
        return at

    def embedding(self, text: str) -> float:
        """Seconds from the request's arrival to the vectors."""
        return self._delay(self._sandbox.embed_s, self._draw(f"embed {text}"))

    def _draw(self, text: str) -> Random:
        earlier = self._calls[text]
        self._calls[text] += 1
        return Random(f"{self._sandbox.seed} {earlier} {text}")

    def _delay(self, median_s: float, draw: Random) -> float:
        return self._slow * median_s * math.exp(self._sandbox.sigma * draw.gauss(0.0, 1.0))
