"""What a Prometheus watches: scrape targets, alerts, rules."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pytest_llmops.clients.health import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """One endpoint that is scraped.

    Attributes:
        job, instance: its labels of these names.
        url: where it is scraped.
        health: ``up``, ``down``, or ``unknown`` before the first scrape.
        error: of the last scrape, in Prometheus' words; empty where it went well.
        age_s: seconds since the last scrape, by this machine's clock; None before the first.
        took_s: how long the last scrape took.
        labels: all of them.
    """

    job: str
    instance: str
    url: str
    health: str
    error: str
    age_s: float | None
    took_s: float
    labels: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """From an item of ``/api/v1/targets``."""
        labels = item["labels"]
        return cls(
            job=labels.get("job", ""),
            instance=labels.get("instance", ""),
            url=item["scrapeUrl"],
            health=item["health"],
            error=item["lastError"],
            age_s=_age_s(item["lastScrape"]),
            took_s=float(item.get("lastScrapeDuration", 0.0)),
            labels=labels,
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert whose condition holds.

    Attributes:
        name: of its rule.
        state: ``firing``, or ``pending`` while its ``for`` is not over.
        labels, annotations: their templates filled in.
        since: epoch seconds from which the condition has held.
        value: of the expression.
    """

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float | None
    value: float

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """From an item of ``/api/v1/alerts``."""
        return cls(
            name=item["labels"]["alertname"],
            state=item["state"],
            labels=item["labels"],
            annotations=item["annotations"],
            since=moment_of(item["activeAt"]),
            value=float(item["value"]),
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that is evaluated.

    Attributes:
        name: the alert's, or that of the recorded series.
        group: the group that holds it.
        kind: ``alerting`` or ``recording``.
        expr: its expression.
        state: of an alerting rule ``firing``, ``pending`` or ``inactive``; empty for a recording one.
        health: ``ok``, ``err``, or ``unknown`` before the first evaluation.
        error: of the last evaluation, in Prometheus' words; empty where it went well.
        for_s: how long the condition must hold before the alert fires.
        age_s: seconds since the last evaluation, by this machine's clock; None before the first.
        labels: those that it adds.
    """

    name: str
    group: str
    kind: str
    expr: str
    state: str
    health: str
    error: str
    for_s: float
    age_s: float | None
    labels: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, group: str, item: Mapping[str, Any]) -> Self:
        """From an item of a group of ``/api/v1/rules``."""
        return cls(
            name=item["name"],
            group=group,
            kind=item["type"],
            expr=item["query"],
            state=item.get("state", ""),
            health=item["health"],
            error=item.get("lastError", ""),
            for_s=float(item.get("duration", 0.0)),
            age_s=_age_s(item.get("lastEvaluation")),
            labels=item.get("labels") or {},
        )


def _age_s(stamp: object) -> float | None:
    """Seconds since a moment; None for the year 1, which is how Go writes *never*."""
    moment = moment_of(stamp)
    return None if moment is None or moment < 0 else max(0.0, time.time() - moment)
