"""What Qdrant counts of its REST responses, as its page of metrics has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets."""


@dataclass
class ResponseCounts:
    """Responses by method, endpoint and status: how many, and the seconds that they took."""

    _each: dict[tuple[str, str, int], tuple[int, float]] = field(default_factory=dict)
    _within: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)

    def add(self, method: str, endpoint: str, status: int, took_s: float) -> None:
        """One response."""
        count, spent_s = self._each.get((method, endpoint, status), (0, 0.0))
        self._each[method, endpoint, status] = count + 1, spent_s + took_s
        within = self._within.setdefault((method, endpoint, status), [0] * len(BOUNDS_S))
        for place, bound in enumerate(BOUNDS_S):
            within[place] += took_s <= bound

    def page(self) -> str:
        """The families of the page."""
        counted, means = ["# TYPE rest_responses_total counter"], ["# TYPE rest_responses_avg_duration_seconds gauge"]
        for (method, endpoint, status), (count, spent_s) in self._each.items():
            labels = f'{{method="{method}",endpoint="{endpoint}",status="{status}"}}'
            counted.append(f"rest_responses_total{labels} {count}")
            means.append(f"rest_responses_avg_duration_seconds{labels} {spent_s / count:.6f}")
        return "\n".join([*counted, *means, *self._histogram()]) + "\n"

    def _histogram(self) -> Iterator[str]:
        name = "rest_responses_duration_seconds"
        yield f"# TYPE {name} histogram"
        for (method, endpoint, status), (count, spent_s) in self._each.items():
            labels = f'method="{method}",endpoint="{endpoint}",status="{status}"'
            within = self._within[method, endpoint, status]
            for bound, held in (*zip(BOUNDS_S, within, strict=True), ("+Inf", count)):
                yield f'{name}_bucket{{{labels},le="{bound}"}} {held}'
            yield f"{name}_sum{{{labels}}} {spent_s:.6f}"
            yield f"{name}_count{{{labels}}} {count}"
