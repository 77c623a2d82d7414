"""The API's Prometheus metrics, in a registry of their own."""

from __future__ import annotations

import time

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

NAMES = {
    "requests": ("rag_requests", "Requests by route and status."),
    "duration": ("rag_request_duration_seconds", "Time to the answer, by route."),
    "hits": ("rag_cache_hits", "Answers that came from the cache."),
    "misses": ("rag_cache_misses", "Answers that the cache did not have."),
    "model": ("rag_model_requests", "Generations by model."),
    "blocked": ("rag_blocked", "Questions that were blocked."),
    "sessions": ("rag_active_sessions", "Users seen in the last 15 minutes."),
}
"""What each metric is called; counters get ``_total``."""

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_SESSION_S = 900.0


class Metrics:
    """What the API counts.

    Args:
        frozen: the fault under which request counters never move.
    """

    def __init__(self, *, frozen: bool = False) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._frozen = frozen
        self._seen: dict[str, float] = {}
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(*NAMES["requests"], ["route", "status"], registry=self._registry)
        self._duration = Histogram(*NAMES["duration"], ["route"], registry=self._registry, buckets=_BUCKETS)
        self._hits = Counter(*NAMES["hits"], registry=self._registry)
        self._misses = Counter(*NAMES["misses"], registry=self._registry)
        self._model = Counter(*NAMES["model"], ["model"], registry=self._registry)
        self._blocked = Counter(*NAMES["blocked"], registry=self._registry)
        Gauge(*NAMES["sessions"], registry=self._registry).set_function(self._sessions)
        if frozen:  # they stand where they were when they stopped, as a broken exporter's do
            self._requests.labels("query", "200").inc()
            self._duration.labels("query").observe(0.2)
            self._model.labels("frozen").inc()

    def request(self, route: str, status: int, duration_s: float) -> None:
        """A request was answered."""
        if not self._frozen:
            self._requests.labels(route, str(status)).inc()
            self._duration.labels(route).observe(duration_s)

    def cache(self, *, hit: bool) -> None:
        """The cache was asked."""
        if not self._frozen:
            (self._hits if hit else self._misses).inc()

    def generation(self, model: str) -> None:
        """A model is asked for an answer."""
        if not self._frozen:
            self._model.labels(model).inc()

    def block(self) -> None:
        """A question was blocked."""
        if not self._frozen:
            self._blocked.inc()

    def session(self, user: str) -> None:
        """A user is here."""
        if not self._frozen:
            self._seen[user] = time.monotonic()

    def exposition(self) -> bytes:
        """All of it as Prometheus text."""
        return generate_latest(self._registry)

    def _sessions(self) -> float:
        since = time.monotonic() - _SESSION_S
        self._seen = {user: at for user, at in self._seen.items() if at > since}
        return len(self._seen)
