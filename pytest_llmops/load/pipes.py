"""The three pipes between a load run and its generating processes."""

from __future__ import annotations

from typing import NamedTuple

PIPES = "LLMOPS_LOAD_PIPES"
"""The variable that tells their numbers."""


class Pipes(NamedTuple):
    """Their ends, as numbers of files.

    Attributes:
        orders: the plan, and when to stop.
        reports: batches.
        life: nothing ever comes by it; it ends when the run does.
    """

    orders: int
    reports: int
    life: int

    @classmethod
    def read(cls, text: str) -> Pipes | None:
        """Out of the variable; None where it is empty."""
        return cls(*map(int, text.split(","))) if text else None

    def __str__(self) -> str:
        return ",".join(map(str, self))
