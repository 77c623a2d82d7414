"""What Qdrant counts of its REST responses, as its page of metrics has it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ResponseCounts:
    """Responses by method, endpoint and status: how many, and the seconds that they took."""

    _each: dict[tuple[str, str, int], tuple[int, float]] = field(default_factory=dict)

    def add(self, method: str, endpoint: str, status: int, took_s: float) -> None:
        """One response."""
        count, spent_s = self._each.get((method, endpoint, status), (0, 0.0))
        self._each[method, endpoint, status] = count + 1, spent_s + took_s

    def page(self) -> str:
        """The families of the page."""
        counted, means = ["# TYPE rest_responses_total counter"], ["# TYPE rest_responses_avg_duration_seconds gauge"]
        for (method, endpoint, status), (count, spent_s) in self._each.items():
            labels = f'{{method="{method}",endpoint="{endpoint}",status="{status}"}}'
            counted.append(f"rest_responses_total{labels} {count}")
            means.append(f"rest_responses_avg_duration_seconds{labels} {spent_s / count:.6f}")
        return "\n".join([*counted, *means]) + "\n"
