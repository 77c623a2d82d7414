"""Did a breach last? Several looks at one value, judged together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_llmops.judge.thresholds import breach
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.thresholds import Breach
    from pytest_llmops.target.thresholds import Threshold

    Look = tuple[float, float]

RANKS = ("minor", "normal", "critical")
"""Severities of a breach, from the mildest on."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """What several looks came to.

    Attributes:
        state: ``lasted``: each look broke it, for as long as is asked; ``ended``: one of them held; ``open``: neither,
            yet.
        breach: of those at the looks the mildest, for that is the limit that was broken all along; None where one held.
        value: of the look with that breach; of the first where one held.
        span_s: from the first look to the last, where it ended to the one at which it held.
    """

    state: Literal["lasted", "ended", "open"]
    breach: Breach | None
    value: float
    span_s: float


def lasting(metric: str, looks: Sequence[Look], unit: str, threshold: Threshold, for_s: float) -> Lasting:
    """Judge looks at a value over a time.

    Args:
        metric: its name.
        looks: (seconds since the epoch, value), in order, at least one; a value may be the mean of several readings.
        unit: of the values.
        threshold: the limits.
        for_s: how long a breach must last.
    """
    began, first = looks[0]
    broken: list[tuple[Breach, float]] = []
    for at, value in looks:
        found = breach(metric, value, unit, threshold.at_once)
        if found is None:
            return Lasting("ended", None, first, at - began)
        broken.append((found, value))
    span_s = looks[-1][0] - began
    mildest, of = min(broken, key=lambda one: RANKS.index(one[0].severity))
    return Lasting("lasted" if span_s >= for_s else "open", mildest, of, span_s)


def lasted_words(found: Lasting, for_s: float, why_not: str = "", *, averaged: bool = False) -> str:
    """What is added to the sentence of a breach.

    Args:
        found: what the looks came to.
        for_s: how long a breach must last.
        why_not: why no more looks were taken, where it is still open.
        averaged: whether looks are means of several readings.
    """
    mean = " on average" if averaged else ""
    if found.state == "lasted":
        return f"{mean} for {spoken(for_s)} (seen for {spoken(found.span_s)})"
    if found.state == "ended":
        return f" not for {spoken(for_s)}: it held{mean} after {spoken(found.span_s)}"
    return f" (asked: for {spoken(for_s)}; breached{mean}, duration unproven{why_not and f': {why_not}'})"
