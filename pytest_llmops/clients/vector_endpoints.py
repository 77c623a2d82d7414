"""What Qdrant counted of its endpoints: how often each was called, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.clients.exposition import MetricsPage

COUNTED, MEAN = "rest_responses_total", "rest_responses_avg_duration_seconds"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path.

    Attributes:
        name: ``POST /collections/{name}/points/query``.
        calls: answers since the server's start.
        failed: those of them with a status of 400 or more.
        mean_s: mean time of an answer; None where it is not told.
    """

    name: str
    calls: int
    failed: int
    mean_s: float | None

    @property
    def total_s(self) -> float:
        """Time that all of its answers took."""
        return self.calls * (self.mean_s or 0.0)


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

        Raises:
            Vacuous: it counts no responses.
        """
        calls: dict[str, int] = {}
        failed: dict[str, int] = {}
        spent_s: dict[str, float] = {}
        means = {_key(point.labels): point.value for point in page.points if point.name == MEAN}
        for point in (one for one in page.points if one.name == COUNTED):
            name, count = _name(point.labels), int(point.value)
            calls[name] = calls.get(name, 0) + count
            failed[name] = failed.get(name, 0) + (count if str(point.labels.get("status", "")) >= "400" else 0)
            if (mean := means.get(_key(point.labels))) is not None:
                spent_s[name] = spent_s.get(name, 0.0) + count * mean
        if not any(calls.values()):
            raise Vacuous(f"{page.component}: its metrics count no response ({COUNTED}).")
        found = [
            Endpoint(name, count, failed[name], spent_s[name] / count if name in spent_s and count else None)
            for name, count in calls.items()
        ]
        return cls(page.component, tuple(sorted(found, key=lambda one: (-one.total_s, -one.calls, one.name))))

    @property
    def calls(self) -> int:
        """Answers of all of them."""
        return sum(one.calls for one in self.each)

    def report(self) -> str:
        """A page of Markdown."""
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
            lines.append(f"| {one.name} | {one.calls} | {one.failed} | {mean} | {one.total_s:.2f} s |")
        return "\n".join(lines) + "\n"


def _name(labels: Mapping[str, str]) -> str:
    return f"{labels.get('method', '')} {labels.get('endpoint', '')}".strip()


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
