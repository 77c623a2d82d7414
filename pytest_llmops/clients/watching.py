"""What a Prometheus watches: scrape targets, alerts, rules."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from pytest_llmops.clients.health import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
        interval_s, timeout_s: of its scrapes; None where the server does not say (before 2.31).
        labels: all of them.
    """

    job: str
    instance: str
    url: str
    health: str
    error: str
    age_s: float | None
    took_s: float
    interval_s: float | None
    timeout_s: float | None
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
            interval_s=_span_s(item.get("scrapeInterval")),
            timeout_s=_span_s(item.get("scrapeTimeout")),
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
        file: that the group was loaded from; empty where the server does not say.
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
    file: str = ""

    @classmethod
    def of(cls, group: Mapping[str, Any], item: Mapping[str, Any]) -> Self:
        """From an item of a group of ``/api/v1/rules``."""
        return cls(
            name=item["name"],
            group=group["name"],
            kind=item["type"],
            expr=item["query"],
            state=item.get("state", ""),
            health=item["health"],
            error=item.get("lastError", ""),
            for_s=float(item.get("duration", 0.0)),
            age_s=_age_s(item.get("lastEvaluation")),
            labels=item.get("labels") or {},
            file=str(group.get("file", "")),
        )


@dataclass(frozen=True, slots=True)
class Setup:
    """How a Prometheus is set up, as it says itself.

    Attributes:
        scrape_interval_s, evaluation_interval_s: the global ones.
        external_labels: that it puts on all that leaves it.
        rule_files: as they are named there.
        jobs: names of the scrape jobs.
        alertmanagers: host:port of those that it is to tell, as they are named there.
    """

    scrape_interval_s: float
    evaluation_interval_s: float
    external_labels: Mapping[str, str]
    rule_files: tuple[str, ...]
    jobs: tuple[str, ...]
    alertmanagers: tuple[str, ...]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """From ``/api/v1/status/config``, whose one value is YAML."""
        import yaml

        read = yaml.safe_load(item["yaml"]) or {}
        common = read.get("global") or {}
        managers = (read.get("alerting") or {}).get("alertmanagers") or []
        groups = [group for manager in managers for group in manager.get("static_configs") or []]
        return cls(
            scrape_interval_s=_span_s(common.get("scrape_interval", "1m")) or 0.0,
            evaluation_interval_s=_span_s(common.get("evaluation_interval", "1m")) or 0.0,
            external_labels=common.get("external_labels") or {},
            rule_files=tuple(read.get("rule_files") or ()),
            jobs=tuple(job["job_name"] for job in read.get("scrape_configs") or ()),
            alertmanagers=tuple(target for group in groups for target in group["targets"]),
        )


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that fired within a time, for one scraped endpoint where it is about one.

    Attributes:
        name: of its rule.
        times: how often it began to.
        seconds: how long it fired in all, to the precision of the step that was asked for.
        job, instance: the endpoint's; empty where the alert has no such label.
    """

    name: str
    times: int
    seconds: float
    job: str = ""
    instance: str = ""

    @property
    def title(self) -> str:
        """The alert, and the endpoint that it is about."""
        return " ".join(filter(None, [self.name, self.job, self.instance]))


def fired(labels: Mapping[str, str], moments: Sequence[float], step_s: float) -> Fired:
    """Out of the moments, a step apart, at which an alert of these labels was firing: a gap ends it."""
    starts = [at for before, at in pairwise([float("-inf"), *moments]) if at - before > 1.5 * step_s]
    seconds = len(moments) * step_s
    return Fired(labels["alertname"], len(starts), seconds, labels.get("job", ""), labels.get("instance", ""))


@dataclass(frozen=True, slots=True)
class Memory:
    """How much of a time a Prometheus remembers.

    Attributes:
        since: epoch seconds of the first moment of which it does.
        seconds: in all, gaps in which it scraped nothing left out, to the precision of the step.
        of_s: the time that was asked for.
    """

    since: float
    seconds: float
    of_s: float

    @property
    def whole(self) -> bool:
        """Whether it remembers all of it, but for a hundredth."""
        return self.seconds >= 0.99 * self.of_s


_SPANS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


def _span_s(text: object) -> float | None:
    """Seconds of a duration as Prometheus writes it (``1m30s``); None where there is none."""
    found = re.findall(r"(\d+)(ms|[smhdwy])", text) if isinstance(text, str) else []
    return sum(int(number) * _SPANS[unit] for number, unit in found) if found else None


def _age_s(stamp: object) -> float | None:
    """Seconds since a moment; None for the year 1, which is how Go writes *never*."""
    moment = moment_of(stamp)
    return None if moment is None or moment < 0 else max(0.0, time.time() - moment)
