"""Prometheus' HTTP API: expressions, scrape targets, alerts, rules."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.clients.readings import curves, readings
from pytest_llmops.clients.watching import Alert, Fired, Memory, Rule, ScrapeTarget, Setup, fired
from pytest_llmops.errors import CallFailed, Vacuous, excerpt
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Answer, Http
    from pytest_llmops.clients.readings import Curve, Reading
    from pytest_llmops.target.watchers import Prometheus as PrometheusComponent

Read = TypeVar("Read")

STEPS = 250
"""Points of a curve where no step is given, as in Prometheus' own pages."""

MOST_STEPS = 10_000
"""Points of one curve that every server gives."""

NAMED = 5
"""Series that an error names."""


class Prometheus(OverHttp):
    """A Prometheus server, or another that answers its API.

    Args:
        http: calls to it.
        config: the component's table.

    Attributes:
        warnings: what its answers have warned of so far, each once: an answer with a warning may lack something.
    """

    def __init__(self, http: Http, config: PrometheusComponent) -> None:
        super().__init__(http)
        self.config = config
        self.warnings: list[str] = []

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: it says its version, or, where it knows no such route, that it is ready."""
        return [("reachable", lambda: self._greet(facts))]

    def ready(self) -> float:
        """Ask ``/-/ready``; seconds that it took.

        Raises:
            CallFailed: it is not ready, for example while it replays its log.
        """
        return self.http.call("GET", "/-/ready").ok().elapsed_s

    def version(self) -> str:
        """The server's version (GET /api/v1/status/buildinfo)."""
        return self._read("status/buildinfo", lambda data: str(data["version"]))

    def query(self, expr: str, at: float | None = None) -> list[Reading]:
        """What an expression is at one moment: one reading a series, none where no series is there.

        Args:
            expr: PromQL whose result is an instant vector or a scalar.
            at: epoch seconds; now, by the server's clock, if not given.

        Raises:
            CallFailed: the server refuses the expression, or its result is no numbers.
        """
        asked = {"query": expr} if at is None else {"query": expr, "time": f"{at:.3f}"}
        return self._read("query", readings, asked)

    def value(self, expr: str, at: float | None = None) -> float:
        """The one number that an expression is.

        Raises:
            Vacuous: no series is there, or the number is NaN, as 0/0 is: nothing was counted.
            CallFailed: it is several numbers (kind ``several``); it is infinite, as 1/0 is (kind ``infinite``);
                or as in :meth:`query`.
        """
        found = self.query(expr, at)
        if not found:
            raise Vacuous(f"{self.component}: {expr!r} says nothing, no series of that description is there.")
        if len(found) > 1:
            shown = [str(reading) for reading in found[:NAMED]]
            shown += [f"{len(found) - NAMED} more"] if len(found) > NAMED else []
            raise self._failed("several", f"{expr!r} is {len(found)} numbers, not one: {'; '.join(shown)}")
        if math.isnan(found[0].value):
            raise Vacuous(f"{self.component}: {expr!r} says nothing, it is NaN: nothing was counted.")
        if math.isinf(found[0].value):
            raise self._failed("infinite", f"{expr!r} is {found[0].value:+g}: look for a division by 0 in it")
        return found[0].value

    @overload
    def range(self, expr: str, *, last_s: float, step_s: float | None = None) -> list[Curve]: ...

    @overload
    def range(self, expr: str, *, start: float, end: float, step_s: float | None = None) -> list[Curve]: ...

    def range(
        self,
        expr: str,
        *,
        last_s: float | None = None,
        start: float | None = None,
        end: float | None = None,
        step_s: float | None = None,
    ) -> list[Curve]:
        """What an expression was over a time, one curve a series.

        Args:
            expr: PromQL whose result is an instant vector or a scalar.
            last_s: from so many seconds ago until now, by this machine's clock; in place of start and end.
            start: epoch seconds.
            end: epoch seconds.
            step_s: seconds between points; a 250th of the time, but at least one second, if not given.

        Raises:
            ValueError: neither last_s nor start and end are given, or both.
            CallFailed: as in :meth:`query`.
        """
        if last_s is not None and start is None and end is None:
            end = time.time()
            start = end - last_s
        elif last_s is not None or start is None or end is None:
            raise ValueError("range takes either last_s, or start and end")
        step_s = step_s or max(1.0, (end - start) / STEPS)
        asked = {"query": expr, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_s:.3f}"}
        return self._read("query_range", curves, asked)

    def targets(self) -> list[ScrapeTarget]:
        """The endpoints that it scrapes, by job and instance; those that relabelling drops are left out."""
        found = self._read("targets", lambda data: [*map(ScrapeTarget.of, data["activeTargets"])], {"state": "active"})
        return sorted(found, key=lambda one: (one.job, one.instance))

    def targets_within(self, within_s: float) -> list[ScrapeTarget]:
        """The same, waited for while one is not up: the last scrape may have come while it was away, or none yet."""
        deadline = time.monotonic() + within_s
        while True:
            found = self.targets()
            if all(one.health == "up" for one in found) or time.monotonic() > deadline:
                return found
            time.sleep(min(0.25, within_s / 10))

    def alerts(self) -> list[Alert]:
        """The alerts whose condition holds now, pending ones included."""
        return self._read("alerts", lambda data: [*map(Alert.of, data["alerts"])])

    def rules(self) -> list[Rule]:
        """All rules, in the order of their groups."""
        return self._read(
            "rules", lambda data: [Rule.of(group, item) for group in data["groups"] for item in group["rules"]]
        )

    def setup(self) -> Setup:
        """Its intervals, labels, rule files, jobs (GET /api/v1/status/config)."""
        return self._read("status/config", Setup.of)

    def alertmanagers(self) -> list[str]:
        """Addresses of those that it tells now (GET /api/v1/alertmanagers)."""
        return self._read("alertmanagers", lambda data: [str(one["url"]) for one in data["activeAlertmanagers"]])

    def labels(self, name: str) -> list[str]:
        """All values that a label has; of ``__name__`` the names of all series."""
        return self._read(f"label/{name}/values", lambda data: [str(value) for value in data])

    def series(self, selector: str, *, last_s: float = 300.0) -> list[Mapping[str, str]]:
        """The labels of the series that had a sample within a time.

        Args:
            selector: as ``up{job="api"}``.
            last_s: from so many seconds ago until now, by this machine's clock.
        """
        now = time.time()
        asked = {"match[]": selector, "start": f"{now - last_s:.3f}", "end": f"{now:.3f}"}
        return self._read("series", lambda data: [dict(labels) for labels in data], asked)

    def fired(self, *, last_s: float, step_s: float | None = None) -> list[Fired]:
        """The alerts that fired within a time, how often and how long: each endpoint that one is about apart.

        An alert that fires for one endpoint all the time would hide else that it fired for another.

        Args:
            last_s: from so many seconds ago until now.
            step_s: how finely it is looked; as finely as a server allows, but at least one second, if not given.
        """
        step_s = step_s or max(1.0, last_s / MOST_STEPS)
        firing = 'max by (alertname, job, instance) (ALERTS{alertstate="firing"})'
        curves = self.range(firing, last_s=last_s, step_s=step_s)
        found = [fired(curve.labels, [at for at, _ in curve.points], step_s) for curve in curves]
        return sorted(found, key=lambda one: one.title)

    def memory(self, *, last_s: float, step_s: float | None = None) -> Memory:
        """How much of a time it remembers: of what it has no samples of nobody knows what fired then.

        Args:
            last_s: from so many seconds ago until now.
            step_s: as in :meth:`fired`.

        Raises:
            Vacuous: none of it: nothing was scraped.
        """
        step_s = step_s or max(1.0, last_s / MOST_STEPS)
        curves = self.range("count(up)", last_s=last_s, step_s=step_s)
        if not curves:
            raise Vacuous(f"{self.component}: nothing was scraped in the last {spoken(last_s)}: no alert could fire.")
        (points,) = (curve.points for curve in curves)
        return Memory(points[0][0], min(len(points) * step_s, last_s), last_s)

    def value_within(self, expr: str, within_s: float) -> float:
        """The one number that an expression is, waited for while no series is there: a rate needs two scrapes.

        Raises:
            Vacuous, CallFailed: as in :meth:`value`, once the time is over.
        """
        deadline = time.monotonic() + within_s
        while True:
            try:
                return self.value(expr)
            except Vacuous:
                if time.monotonic() > deadline:
                    raise
            time.sleep(min(0.25, within_s / 10))

    def _greet(self, facts: dict[str, str]) -> None:
        try:
            facts["server"] = self.version()
        except CallFailed as error:
            if error.kind != "http-404":
                raise
            self.ready()

    def _read(self, route: str, read: Callable[[Any], Read], asked: Mapping[str, str] | None = None) -> Read:
        """What a route's answer holds; warnings that came with it are kept."""
        answer = self.http.call("GET", f"/api/v1/{route}", query=asked)
        shown = repr(asked["query"]) if asked and "query" in asked else answer.asked
        body = self._body(answer, shown)
        self.warnings += [words for words in body.get("warnings") or [] if words not in self.warnings]
        try:
            return read(body["data"])
        except ValueError as error:
            raise self._failed("bad-answer", f"{shown} {error}") from None
        except (AttributeError, KeyError, TypeError):
            said = f"{answer.asked} answered something else than Prometheus' API: {excerpt(answer.text)!r}"
            raise self._failed("bad-answer", said) from None

    def _body(self, answer: Answer, shown: str) -> dict[str, Any]:
        """The JSON of an answer that went well; else Prometheus' own words, where they are its own."""
        said = answer.json() if answer.is_json and answer.status != 429 else None
        if isinstance(said, dict) and said.get("status") == "error":
            words = f"{shown} failed ({said.get('errorType')}): {str(said.get('error')).rstrip('.')}"
            raise self._failed(f"http-{answer.status}", words)
        return answer.ok().table()

    def _failed(self, kind: str, words: str) -> CallFailed:
        return CallFailed(self.component, kind, f"{self.component}: {words}.")
