"""At how many calls a measurement is looked at, and which statistics are judged at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.samples import split_statistic

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKS = (30, 60, 120, 240)
"""Calls of a run, warm-up apart, at which everything is judged."""

SLOW_LOOKS = (10, 20, 40, 80, 160, 240)
"""The same where a call takes long: ten values are the fewest to be judged, and thirty calls of 5 s are minutes."""

TAIL_LOOKS = {"p90": (480,), "p95": (480,), "p99": (300, 480)}
"""Further looks for the sake of a tail, which has few values of its own: a p99 is first seen at 300 calls."""

RECORDED_CALLS = 120
"""Calls of a run that is recorded, where they are quick: where one run alone was accepted, the scatter of fewer hides a
change from every later comparison (row 7 of the figures, K=1: +50 % found in 88 %)."""

LONG_CALL_S = 1.0
"""Above this a call is long, and daily timing judges no tail: the calls that it takes are the operator's money."""

MIN_N = {"typical": 10, "mean": 10, "p50": 10, "p90": 30, "p95": 60, "p99": 300}
"""Values that every run needs before a statistic is judged: for a quantile q, the first n with q**n <= .05."""

WARM_UP = 3
"""First calls of every run, which are made and dropped: cold caches are not what is measured."""


def schedule(statistics: Sequence[str], *, pinned: Sequence[int], slow: bool) -> tuple[int, ...]:
    """The looks, ascending.

    Args:
        statistics: names such as ``NAME.p95`` that are judged beside ``typical``.
        pinned: what the target's settings say, if they do.
        slow: whether a warm call takes more than ``LONG_CALL_S``.
    """
    if pinned or slow:
        return tuple(pinned) or SLOW_LOOKS
    more = [look for name in statistics for look in TAIL_LOOKS.get(split_statistic(name)[1], ())]
    return tuple(sorted({*LOOKS, *more}))


def judged(statistics: Sequence[str], *, pinned: Sequence[int], slow: bool) -> tuple[str, ...]:
    """Those of the statistics that are judged: no tails of slow calls, unless the looks were pinned."""
    kept = not slow or pinned
    return tuple(name for name in statistics if kept or split_statistic(name)[1] not in TAIL_LOOKS)
