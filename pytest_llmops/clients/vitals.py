"""What a service says of itself: its health, its metrics page, its audit log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jmespath

from pytest_llmops.clients.audit import AuditLog
from pytest_llmops.clients.exposition import MetricsPage
from pytest_llmops.clients.health import HealthReport, health_report
from pytest_llmops.clients.service import Service
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.http import Answer
    from pytest_llmops.target.routes import Route


LOOKS = 12
"""How often a service is looked at while it is given time to become healthy."""


class Vitals(Service):
    """A service that tells of itself."""

    def health(self) -> HealthReport:
        """Ask the health route, and judge status, body and dependencies by the profile.

        Raises:
            Unsupported: the profile describes no health.
        """
        if self.config.health is None:
            raise Unsupported(f"{self.component}: its profile describes no health route.")
        return health_report(self.call(self.config.health.route), self.config.health)

    def until_healthy(self) -> float:
        """Ask the health route again and again until it is healthy; seconds that it took.

        Raises:
            CallFailed: it is not within the profile's ``settles`` (kind ``unhealthy``); in the sandbox time is
                compressed.
            Unsupported: the profile describes no health.
        """
        start = time.monotonic()
        health = self.health()
        settles_s = self.config.health.settles if self.config.health else 0.0
        within_s = settles_s / self.http.target.table.faster
        while not health.healthy:
            if time.monotonic() - start >= within_s:
                said = f"{health.reason}; it was given {spoken(within_s)} to settle."
                raise CallFailed(self.component, "unhealthy", said)
            time.sleep(within_s / LOOKS)
            health = self.health()
        return time.monotonic() - start

    def health_age(self) -> float:
        """Seconds since the time that the health body carries.

        Raises:
            Unsupported: the profile does not say where that time stands.
            CallFailed: there is none, or it cannot be read (kind ``bad-answer``).
        """
        if self.config.health is None or self.config.health.timestamp is None:
            raise Unsupported(f"{self.component}: its profile names no timestamp in its health.")
        age_s = self.health().age_s
        if age_s is None:
            where = self.config.health.timestamp
            said = f"{self.component}: the health body has no time that can be read at {where!r}."
            raise CallFailed(self.component, "bad-answer", said)
        return age_s

    def dependencies(self) -> HealthReport:
        """What the route says that tells of dependencies: the one of ``ready``, else the health route.

        Raises:
            Unsupported: the profile names no dependencies, so nothing could be said of them.
        """
        rule = self.config.ready or self.config.health
        if rule is None or not rule.dependencies:
            raise Unsupported(f"{self.component}: its profile names no dependencies in its health.")
        return health_report(self.call(rule.route), rule)

    def metrics(self) -> MetricsPage:
        """The page of Prometheus metrics.

        Raises:
            Unsupported: the profile names none.
            CallFailed: it cannot be had, or is not in the text format.
        """
        return page_of(self.metrics_answer())

    def metrics_answer(self) -> Answer:
        """The page of metrics as it came, whatever its status.

        Raises:
            Unsupported: the profile names none.
            CallFailed: no whole answer came.
        """
        if self.config.metrics is None:
            raise Unsupported(f"{self.component}: its profile names no metrics page.")
        return self.http.call("GET", self.config.metrics)

    def audit(self) -> AuditLog:
        """The newest entries of the audit log (route ``audit``).

        Raises:
            Unsupported: the profile describes no such route.
        """
        return log_of(self.call("audit"), self.route("audit"))

    def newly_audited(self, act: Callable[[], object]) -> AuditLog:
        """The entries of the audit log that came with an act: those of after it that were not there before."""
        before = self.audit()
        act()
        return self.audit().since(before)


def page_of(answer: Answer, at: float = 0.0) -> MetricsPage:
    """The page of metrics that was answered.

    Args:
        answer: of its route.
        at: when, in epoch seconds.

    Raises:
        CallFailed: a status other than 2xx, or not the text format (kind ``bad-answer``).
    """
    try:
        return MetricsPage.parse(answer.component, answer.ok().text, at)
    except ValueError as error:
        said = f"{answer.component}: {answer.asked} is no metrics page: {error}."
        raise CallFailed(answer.component, "bad-answer", said) from None


def log_of(answer: Answer, route: Route) -> AuditLog:
    """The entries of the audit log that were answered.

    Args:
        answer: of the audit log's route.
        route: which says where the entries stand.

    Raises:
        CallFailed: a status other than 2xx, or no JSON.
    """
    return AuditLog.read(jmespath.search(route.events or "@", answer.ok().json()))
