"""Looks again at a figure that breaks its threshold, for as long as the threshold says."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmops.errors import BudgetSpent, Unsupported, Vacuous
from pytest_llmops.judge.lasting import Lasting, lasted_words, lasting
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.figures import Reading
    from pytest_llmops.judge.thresholds import Breach
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.thresholds import Threshold

LOOKS = 10
"""How often a figure is looked at again within the time that a breach must last."""

TOGETHER = 0.5
"""Of that time: shares of a few calls are taken by their mean over it, for each one may be lucky."""


@dataclass(frozen=True)
class Watch:
    """How a figure is looked at over a time.

    Attributes:
        again: reads it once more.
        past: what it was over the last seconds, by the source's own memory; empty where it has none.
        ledger: whose budget of seconds is waited out of.
        averaged: whether readings are taken by their mean over a while; else each counts alone.
        progress: told that somebody has to wait.
        sleep, clock: for tests.
    """

    again: Callable[[], Reading]
    past: Callable[[float], list[Reading]]
    ledger: Ledger
    averaged: bool = False
    progress: Callable[[str], object] = print
    sleep: Callable[[float], object] = field(default=time.sleep)
    clock: Callable[[], float] = field(default=time.time)

    def lasted(self, name: str, first: Reading, threshold: Threshold, for_s: float) -> tuple[Lasting, str]:
        """Whether a breach that was just seen has lasted, or does; and what is added to its sentence.

        Args:
            name: of the figure.
            first: the reading that breaks the threshold.
            threshold: of the figure.
            for_s: how long a breach must last.

        Raises:
            CallFailed: the source does not answer any more.
        """
        looks = [(one.at, one.value) for one in self._remembered(first, for_s)]
        found = lasting(name, looks, first.unit, threshold, for_s)
        why = ""
        if found.state == "open":
            found, why = self._waited(name, looks, first.unit, threshold, for_s, found)
        return found, lasted_words(found, for_s, why, averaged=self.averaged and len(looks) > 1)

    def _remembered(self, first: Reading, for_s: float) -> list[Reading]:
        """The looks that can be had without waiting, the newest last."""
        return [*(one for one in self.past(for_s) if one.at < first.at), first]

    def _waited(
        self, name: str, looks: list[tuple[float, float]], unit: str, threshold: Threshold, for_s: float, found: Lasting
    ) -> tuple[Lasting, str]:
        """Look again until it is clear; else why it is not."""
        needed_s, left_s = for_s - found.span_s, self.ledger.budget.seconds - self.ledger.spent().seconds
        if needed_s > left_s:
            return found, f"that takes {spoken(needed_s)}, the budget leaves {spoken(max(0.0, left_s))}"
        self.progress(f"{name} breaks its threshold; looking whether it does for {spoken(for_s)}")
        start, seen = self.clock(), [looks[-1]]
        try:
            while found.state == "open":
                self.sleep(for_s / LOOKS)
                value, now = self.again().value, self.clock()
                seen.append((now, value))
                together = [value for at, value in seen if now - at < TOGETHER * for_s] if self.averaged else [value]
                looks.append((now, fmean(together)))
                found = lasting(name, looks, unit, threshold, for_s)
        except (BudgetSpent, Unsupported, Vacuous) as error:
            return found, str(error).rstrip(".")
        finally:
            self.ledger.charge("watching", seconds=self.clock() - start)
        return found, ""


def worded(breach: Breach, words: str) -> Breach:
    """A breach whose sentence also says whether it lasted."""
    return replace(breach, reason=breach.reason + words)
