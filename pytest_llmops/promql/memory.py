"""Series in memory: what was scraped, by labels, and how a selector finds it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from promql_parser import MatchOp

from pytest_llmops.promql.patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promql_parser import Matcher

Labels = tuple[tuple[str, str], ...]
"""Sorted pairs, those with an empty value left out: Prometheus takes an empty label for none."""

Points = list[tuple[float, float]]
"""(epoch seconds, value), in order."""

NAME = "__name__"
LOOKBACK_S = 300.0
"""How old the newest sample of a series may be; Prometheus' own setting."""


def labels_of(labels: Mapping[str, str]) -> Labels:
    """A series' key."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


class Memory:
    """The samples of all series.

    A series that its target no longer has, or whose target is down, is marked as gone by :meth:`end`; until a new
    sample comes, it is found by ranges only.
    """

    def __init__(self) -> None:
        self._series: dict[str, dict[Labels, Points]] = {}
        self._ended: dict[Labels, float] = {}

    def add(self, labels: Mapping[str, str], at: float, value: float) -> None:
        """A sample; later than all others of its series.

        Args:
            labels: of the series, its name as ``__name__``.
            at: epoch seconds.
            value: may be NaN or infinite.
        """
        key = labels_of(labels)
        self._series.setdefault(labels.get(NAME, ""), {}).setdefault(key, []).append((at, value))
        self._ended.pop(key, None)

    def end(self, key: Labels, at: float) -> None:
        """A series is gone."""
        self._ended.setdefault(key, at)

    def forget(self, before: float) -> None:
        """Drop samples that are older, and series of which none is left."""
        for named in self._series.values():
            for key, points in list(named.items()):
                kept = bisect_right(points, (before, float("-inf")))
                if kept:
                    del points[:kept]
                if not points:
                    del named[key]
                    self._ended.pop(key, None)

    def __iter__(self) -> Iterator[Labels]:
        """All series."""
        for named in self._series.values():
            yield from named

    def latest(self, key_and_points: tuple[Labels, Points], at: float) -> tuple[float, float] | None:
        """The sample of a series that counts at a moment; None where it is gone or too old."""
        key, points = key_and_points
        place = bisect_right(points, (at, float("inf")))
        if place == 0:
            return None
        found = points[place - 1]
        ended = self._ended.get(key)
        gone = ended is not None and found[0] < ended <= at
        return None if gone or found[0] <= at - LOOKBACK_S else found

    def select(self, name: str | None, matchers: Sequence[Matcher]) -> Iterator[tuple[Labels, Points]]:
        """The series that a selector means.

        Raises:
            PromqlError: a matcher's pattern is not known here.
        """
        tests = [(matcher.name, _test(matcher)) for matcher in matchers]
        names = [name] if name is not None else list(self._series)
        for one in names:
            for key, points in self._series.get(one, {}).items():
                found = dict(key)
                if all(test(found.get(label, "")) for label, test in tests):
                    yield key, points


def within(points: Points, start: float, end: float) -> Points:
    """The samples after ``start`` and up to ``end``: a range is open on its left, as of Prometheus 3."""
    infinity = float("inf")
    return points[bisect_right(points, (start, infinity)) : bisect_right(points, (end, infinity))]


def _test(matcher: Matcher) -> Callable[[str], bool]:
    wanted = matcher.value
    if matcher.op == MatchOp.Equal:
        return lambda value: value == wanted
    if matcher.op == MatchOp.NotEqual:
        return lambda value: value != wanted
    pattern = compiled(wanted)
    if matcher.op == MatchOp.Re:
        return lambda value: pattern.fullmatch(value) is not None
    return lambda value: pattern.fullmatch(value) is None
