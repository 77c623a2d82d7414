"""The API's Prometheus page: the profile's metrics, moved by what happens to its requests."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    Summary,
    disable_created_metrics,
    generate_latest,
)

from pytest_llmops.target import templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.embedded import Metric

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_SESSION_S = 900.0
_LAST = {
    "route": "query",
    "method": "POST",
    "status": 200,
    "status_class": "2xx",
    "outcome": "ok",
    "duration_s": 0.2,
    "model": "frozen",
    "tokens": 16,
    "cache": "miss",
}
"""The event at which frozen metrics stand still."""


class Metrics:
    """What the API counts.

    Args:
        stack: whose profile says what is counted, and whose faults say what is not.
    """

    def __init__(self, stack: Stack) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._seen: dict[str, float] = {}
        self._registry = CollectorRegistry()
        if stack.sandbox.process_metrics:
            ProcessCollector(registry=self._registry)
            GCCollector(registry=self._registry)
        self._gauged = [self._made(stack, name, metric) for name, metric in stack.sandbox.metrics.items()]
        self._frozen = False
        if "api:frozen-metrics" in stack.faults:  # they stand where they were when they stopped
            routes = stack.components.api.routes if stack.components.api else {}
            path = routes["query"].path if "query" in routes else "/"
            self.request({**_LAST, "handler": path, "path": path})
            self._frozen = True

    def request(self, event: Mapping[str, Any]) -> None:
        """A request was answered; what an event holds is said at the profile's table."""
        if not self._frozen:
            for gauged in self._gauged:
                gauged.move({"one": 1, "users": self._users(), **event})

    def session(self, user: str) -> None:
        """A user is here."""
        if not self._frozen:
            self._seen[user] = time.monotonic()

    def exposition(self) -> bytes:
        """All of it as Prometheus text."""
        return generate_latest(self._registry)

    def _made(self, stack: Stack, name: str, metric: Metric) -> _Gauged:
        case = next((asked for asked in stack.asked_of(name) if asked in metric.cases), None)
        gauged = _Gauged(name, metric, metric.by if case is None else metric.cases[case], self._registry)
        if metric.by == "users" and case is None:
            gauged.follow(self._users)
        return gauged

    def _users(self) -> float:
        since = time.monotonic() - _SESSION_S
        self._seen = {user: at for user, at in self._seen.items() if at > since}
        return len(self._seen)


class _Gauged:
    """One metric.

    Args:
        name: as on the page.
        metric: its table.
        by: what an event moves it by.
        registry: that it is shown by.
    """

    def __init__(self, name: str, metric: Metric, by: str | float, registry: CollectorRegistry) -> None:
        labels = list(metric.labels)
        self._metric = metric
        self._by = by
        self._where = {value: re.compile(pattern) for value, pattern in metric.where.items()}
        self._kept: Any
        if metric.kind == "histogram":
            bounds = metric.buckets or _BUCKETS
            self._kept = Histogram(name, metric.help, labels, registry=registry, buckets=bounds)
        else:
            kind = {"counter": Counter, "gauge": Gauge, "summary": Summary}[metric.kind]
            self._kept = kind(name, metric.help, labels, registry=registry)
        if metric.start is not None:
            self._put(metric.labels, metric.start)

    def follow(self, number: Any) -> None:
        """Show what a function says when the page is read."""
        self._kept.set_function(number)

    def move(self, event: Mapping[str, Any]) -> None:
        """What an event does to it."""
        if not self._metric.moves or not all(
            name in event and pattern.fullmatch(str(event[name])) for name, pattern in self._where.items()
        ):
            return
        by = self._by if isinstance(self._by, int | float) else event.get(self._by)
        named = {name for _, name in templates.placeholders(self._metric.labels)}
        if isinstance(by, int | float) and named <= event.keys():
            self._put({label: templates.render(text, event) for label, text in self._metric.labels.items()}, by)

    def _put(self, labels: Mapping[str, Any], by: float) -> None:
        kept = self._kept.labels(**labels) if labels else self._kept
        getattr(kept, {"counter": "inc", "gauge": "set"}.get(self._metric.kind, "observe"))(by)
