"""What Qdrant counted of its endpoints: how often each was called, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.clients.exposition import MetricsPage

WAYS = ("rest", "grpc")
"""The two ways in, each with counts and a histogram of durations of its own."""

FINE = {"", "0"}
"""Of gRPC's status codes those that are no failure; REST's start at 400."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path.

    Attributes:
        name: ``POST /collections/{name}/points/query``; of gRPC ``gRPC /qdrant.Points/Search``.
        calls: answers since the server's start.
        failed: those of them with a status of 400 or more; of gRPC with one other than 0.
        total_s: time that those answers took together of which the server counts it: all that it timed.
        timed: how many these are; Qdrant times only some endpoints.
    """

    name: str
    calls: int
    failed: int
    total_s: float = 0.0
    timed: int = 0

    @property
    def mean_s(self) -> float | None:
        """Mean time of an answer since the server's start; None where none was timed."""
        return self.total_s / self.timed if self.timed else None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """All of them, the most expensive first: by the time that their answers took together."""

    component: str
    each: tuple[Endpoint, ...]

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.each)

    @classmethod
    def of(cls, page: MetricsPage) -> Endpoints:
        """Out of Qdrant's page of metrics.

        Durations are those of its histogram, which counts since its start; the gauge beside it is of the last calls.

        Raises:
            Vacuous: it counts no responses.
        """
        calls: dict[str, int] = {}
        failed: dict[str, int] = {}
        spent_s: dict[str, float] = {}
        timed: dict[str, int] = {}
        for point in page.points:
            way, _, what = point.name.partition("_responses_")
            if way not in WAYS:
                continue
            name, status = _name(way, point.labels), str(point.labels.get("status", ""))
            if what == "total":
                calls[name] = calls.get(name, 0) + int(point.value)
                wrong = status not in FINE if way == "grpc" else status >= "400"
                failed[name] = failed.get(name, 0) + (int(point.value) if wrong else 0)
            elif what == "duration_seconds_sum":
                spent_s[name] = spent_s.get(name, 0.0) + point.value
            elif what == "duration_seconds_count":
                timed[name] = timed.get(name, 0) + int(point.value)
        if not any(calls.values()):
            raise Vacuous(f"{page.component}: its metrics count no response (rest_responses_total).")
        found = [
            Endpoint(name, count, failed[name], spent_s.get(name, 0.0), timed.get(name, 0))
            for name, count in calls.items()
        ]
        return cls(page.component, tuple(sorted(found, key=lambda one: (-one.total_s, -one.calls, one.name))))

    @property
    def calls(self) -> int:
        """Answers of all of them."""
        return sum(one.calls for one in self.each)

    def report(self) -> str:
        """A page of Markdown.

        Raises:
            Vacuous: none of them was timed, so none can be said to be expensive.
        """
        if not any(one.timed for one in self.each):
            raise Vacuous(f"{self.component}: its metrics time no response (rest_responses_duration_seconds).")
        lines = [
            f"# Endpoints of {self.component}",
            "",
            "Since it started, the most expensive first: by the time that their answers took together.",
            "",
            "| endpoint | answers | failed | mean | together |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for one in self.each:
            mean = "not told" if one.mean_s is None else f"{one.mean_s * 1000:.1f} ms"
            together = f"{one.total_s:.2f} s" if one.timed else "not told"
            lines.append(f"| {one.name} | {one.calls} | {one.failed} | {mean} | {together} |")
        return "\n".join(lines) + "\n"


def _name(way: str, labels: Mapping[str, str]) -> str:
    method = "gRPC" if way == "grpc" else labels.get("method", "")
    return f"{method} {labels.get('endpoint', '')}".strip()
