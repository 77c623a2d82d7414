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
        state: ``lasted``: it was broken at each look, for as long as is asked; ``ended``: it held at one of them;
            ``open``: neither, yet.
        breach: of those at the looks the mildest, for that is the limit that was broken all along; None where one held.
        span_s: from the first look to the last, where it ended to the one at which it held.
    """

    state: Literal["lasted", "ended", "open"]
    breach: Breach | None
    span_s: float


def lasting(metric: str, looks: Sequence[Look], unit: str, threshold: Threshold, for_s: float) -> Lasting:
    """Judge looks at a value over a time.

    Args:
        metric: its name.
        looks: (seconds since the epoch, value), in order; at least one.
        unit: of the values.
        threshold: the limits.
        for_s: how long a breach must last.
    """
    began = looks[0][0]
    broken: list[Breach] = []
    for at, value in looks:
        found = breach(metric, value, unit, threshold.at_once)
        if found is None:
            return Lasting("ended", None, at - began)
        broken.append(found)
    span_s = looks[-1][0] - began
    mildest = min(broken, key=lambda one: RANKS.index(one.severity))
    return Lasting("lasted" if span_s >= for_s else "open", mildest, span_s)


def lasted_words(found: Lasting, for_s: float, why_not: str = "") -> str:
    """What is added to the sentence of a breach.

    Args:
        found: what the looks came to.
        for_s: how long a breach must last.
        why_not: why no more looks were taken, where it is still open.
    """
    if found.state == "lasted":
        return f" for {spoken(for_s)} (seen for {spoken(found.span_s)})"
    if found.state == "ended":
        return f" not for {spoken(for_s)}: it held after {spoken(found.span_s)}"
    return f" (asked: for {spoken(for_s)}; breached, duration unproven{why_not and f': {why_not}'})"
