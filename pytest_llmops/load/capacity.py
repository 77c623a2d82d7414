"""The highest rate that a deployment carries within its objectives: pure, by probes whose answers may err now and then.

The border is bracketed by doubling, narrowed by halving it geometrically, and each side of it is asked again: a rate
counts as held, or as missed, by the majority of its probes. So a probe that happened to go well, or badly, is found out
at the border, where alone it matters, and what it had cut off is looked into again.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.load.result import LoadResult

PRECISION = 1.05
"""Between a rate that holds and one that does not lies at the end no more than this: times."""

AGREE = 2
"""Probes at either side of the border that have to agree with each other."""

MOST = 20
"""Probes at the most, whatever the objectives do."""

GROWS = 2.0
"""A bracket is looked for in steps of this: times."""

GOOD = 0.95
"""Share of calls that have to keep the objectives, unless a test says another."""

KEPT_UP = 0.95
"""Of the calls that were due, the share that has to be answered while calls arrive: else their queue grows, and what
they wait for depends on how long one looks."""

Ended = Literal["settled", "at the cap", "nowhere", "out of probes"]
"""How a search ended: with both sides of the border; at the highest rate that may be sent, which holds; below the
lowest, which does not; or with the border not known for sure."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One try.

    Attributes:
        rate: calls a second.
        holds: whether the objectives held at it.
    """

    rate: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a search came to.

    Attributes:
        rate: calls a second, the highest at which the objectives held; 0 where they held at none.
        beyond: the lowest above it at which they did not; infinite where they held at every rate that may be sent.
        ended: how.
        probes: all tries, in their order.
    """

    rate: float
    beyond: float
    ended: Ended
    probes: tuple[Probe, ...]

    def __str__(self) -> str:
        tries = f"{len(self.probes)} tries"
        if self.ended == "nowhere":
            return (
                f"the objectives hold at no rate, down to {min(one.rate for one in self.probes):.3g} calls/s ({tries})"
            )
        if self.ended == "at the cap":
            return f"at least {self.rate:.3g} calls/s, which is the most that may be sent ({tries})"
        if not self.rate:
            return f"below {self.beyond:.3g} calls/s; {tries} did not find out by how much"
        between = "" if math.isinf(self.beyond) else f", at {self.beyond:.3g} no longer"
        unsure = "" if self.ended == "settled" else "; that were too few to be sure"
        return f"{self.rate:.3g} calls/s hold{between} ({tries}{unsure})"

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "rate": self.rate,
            "beyond": None if math.isinf(self.beyond) else self.beyond,
            "ended": self.ended,
            "probes": [[one.rate, one.holds] for one in self.probes],
        }


def search(
    probe: Callable[[float], bool],
    start: float,
    *,
    cap: float = math.inf,
    least: float = 0.0,
    precision: float = PRECISION,
    most: int = MOST,
) -> Capacity:
    """Find the highest rate at which the objectives hold.

    Args:
        probe: sends so many calls a second for a while; whether the objectives held. What it raises ends the search.
        start: calls a second that are tried first.
        cap: calls a second that are never exceeded.
        least: calls a second below which nothing is tried; an eighth of one by default, or less.
        precision: between the rate that holds and the one that does not: times, above 1.
        most: probes at the most.

    Raises:
        ValueError: a rate is not above 0, or the precision not above 1.
    """
    if min(start, cap) <= 0 or precision <= 1:
        raise ValueError(f"start {start:g} and cap {cap:g} have to be above 0, and precision {precision:g} above 1")
    start, least = min(start, cap), least or min(start, cap, 1.0) / 8
    probes: list[Probe] = []
    while len(probes) < most:
        rate = following(probes, start, cap, least, precision)
        if rate is None:
            break
        probes.append(Probe(rate, bool(probe(rate))))
    return _found(probes, start, cap, least, precision)


def holds(result: LoadResult, limits: Mapping[str, float], share: float = GOOD) -> bool:
    """Whether a deployment carries the rate of a run: enough calls keep the objectives, and none pile up.

    Args:
        result: of a run at that rate.
        limits: the objectives, in seconds by part.
        share: of calls that have to keep them.
    """
    return result.whole and result.goodput(limits) >= share and kept_up(result) >= KEPT_UP


def kept_up(result: LoadResult) -> float:
    """Of the calls that could have been answered by the end of the arrivals, the share that was; 0 where there is none.

    Those could that were due earlier by as long as a call takes where it waits for nothing: the fastest tenth.
    """
    calls = result.recording.calls
    if not len(calls):
        return 0.0
    due = calls["started"] - calls["delay_s"]
    end = result.started + result.plan.lasts_s
    answered = calls["started"] + calls["service_s"]
    could = due <= end - float(np.percentile(calls["service_s"], 10))
    return float((answered <= end).sum() / could.sum()) if could.any() else 1.0


def following(probes: Sequence[Probe], start: float, cap: float, least: float, precision: float) -> float | None:
    """The rate to try next; None where everything is known."""
    votes = _votes(probes)
    if undecided := [rate for rate, vote in votes.items() if not vote]:
        return undecided[0]
    low, high = _border(votes)
    if low is None and high is None:
        return start
    if high is None:
        assert low is not None
        return min(GROWS * low, cap) if low < cap else _asked_again(probes, low)
    if low is None:
        return max(high / GROWS, least) if high > least else _asked_again(probes, high)
    if high / low > precision * (1 + 1e-9):
        return math.sqrt(low * high)
    again = _asked_again(probes, low)
    return _asked_again(probes, high) if again is None else again


def _found(probes: Sequence[Probe], start: float, cap: float, least: float, precision: float) -> Capacity:
    low, high = _border(_votes(probes))
    ended: Ended = "out of probes"
    if following(probes, start, cap, least, precision) is None:
        ended = "at the cap" if high is None else "nowhere" if low is None else "settled"
    return Capacity(low or 0.0, math.inf if high is None else high, ended, tuple(probes))


def _votes(probes: Sequence[Probe]) -> dict[float, int]:
    """By rate, ascending: by how many more probes held than did not."""
    votes: Counter[float] = Counter()
    for one in probes:
        votes[one.rate] += 1 if one.holds else -1
    return dict(sorted(votes.items()))


def _border(votes: dict[float, int]) -> tuple[float | None, float | None]:
    """The highest rate that holds below the lowest that does not, and that one; None where there is none."""
    high = next((rate for rate, vote in votes.items() if vote < 0), None)
    held = [rate for rate, vote in votes.items() if vote > 0 and (high is None or rate < high)]
    return (held[-1] if held else None), high


def _asked_again(probes: Sequence[Probe], rate: float) -> float | None:
    """The rate, until so many of its probes agree as have to."""
    return rate if abs(_votes(probes)[rate]) < AGREE else None
