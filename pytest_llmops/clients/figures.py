"""Figures of a target, each read from where its table says: one number, with its unit, source and time."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.at_work import at_work
from pytest_llmops.clients.calls import Calls, made
from pytest_llmops.clients.told import number, told
from pytest_llmops.clients.traffic import Traffic, round_of
from pytest_llmops.clients.vitals import page_of
from pytest_llmops.errors import ConfigError, Unsupported, Vacuous, did_you_mean
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.figures import (
    FromAppCommand,
    FromLogs,
    FromMachine,
    FromMetrics,
    FromPrometheus,
    FromTraffic,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.exposition import MetricsPage
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.traffic import Once
    from pytest_llmops.target.figures import Figure
    from pytest_llmops.target.load import Target

    Act = Callable[[], object]

USUAL_PAGE = "/metrics"


@dataclass(frozen=True, slots=True)
class Reading:
    """A figure at one moment.

    Attributes:
        value: a finite number in ``unit``.
        unit: ``s`` for times, ``%``, another word, or empty.
        source: where it was read, in words.
        at: when, in epoch seconds.
    """

    value: float
    unit: str
    source: str
    at: float


class Figures:
    """The figures of a target.

    Args:
        target: the deployment.
        reach: gives the client of a configured component, once preflight has passed.
        once: gives what the first process of the run made under a name, and makes it if that is this one.
        client: gives it whether or not it can be reached, for the question whether it can; ``reach`` by default.
    """

    def __init__(
        self,
        target: Target,
        reach: Callable[[str], Client],
        once: Once,
        client: Callable[[str], Client] | None = None,
    ) -> None:
        self._target = target
        self._reach = reach
        self._once = once
        self._unproven = client or reach

    def __repr__(self) -> str:
        return f"Figures({', '.join(self._target.table.figures) or 'none'})"

    def __contains__(self, name: str) -> bool:
        return name in self._target.table.figures

    def read(self, name: str, *, during: Traffic | Act | None = None) -> Reading:
        """A figure now.

        Args:
            name: in the target's ``figures``.
            during: the run's round of questions, or traffic to make first. What counts since a service's start
                (``from = "metrics"``) is then read as what it counted meanwhile.

        Raises:
            Unsupported: the target has no such figure, or its source has nothing of the kind.
            ConfigError: it has none of that name, and a similar one.
            Vacuous: nothing was counted, or the counter fell meanwhile: the number would say nothing.
            CallFailed: the source does not answer, or answers no number, or one that is too old.
        """
        figure = self.table(name)
        during = during or self._usual_traffic(name, figure)
        if during is not None and not isinstance(during, Traffic) and not isinstance(figure, FromMetrics):
            during()
        value, at = self._found(name, figure, during)
        at = time.time() if at is None else at
        return Reading(number(name, value, figure.place), figure.counted_in, figure.place, at)

    def again(self, name: str, *, during: Traffic | Act | None = None) -> Reading:
        """The same figure once more, later: what is read off our own calls is read off new ones."""
        figure = self.table(name)
        if isinstance(figure, FromTraffic):
            value = self._calls(name, figure, once=False).figure(name, figure)
            return Reading(value, figure.counted_in, figure.place, time.time())
        during = during or self._usual_traffic(name, figure)
        return self.read(name, during=during.again if isinstance(during, Traffic) else during)

    def rise(self, name: str, during: Act) -> float:
        """By how much a figure is higher after something than before it."""
        before = self.read(name).value
        during()
        return self.read(name).value - before

    def like(self, pattern: str) -> list[str]:
        """The names of figures that fit a pattern, in which ``*`` stands for any text.

        Raises:
            Unsupported: the target has none.
        """
        expression = ".*".join(re.escape(part) for part in pattern.split("*"))
        found = [name for name in self._target.table.figures if re.fullmatch(expression, name)]
        if not found:
            raise Unsupported(f"target {self._target.name} has no figure like {pattern!r}.")
        return found

    def shares(self, name: str) -> dict[str, float]:
        """A figure split by its label ``by``: value of the label to its share.

        Raises:
            ConfigError: it has no such label.
            Unsupported, Vacuous, CallFailed: as in :meth:`read`.
        """
        figure = self.table(name)
        if not isinstance(figure, FromMetrics) or figure.by is None:
            raise ConfigError(f"figures.{name} is one number; give it from = 'metrics' and by = the label to split it.")
        traffic = self._usual_traffic(name, figure)
        if traffic is None:
            return self._page(name, figure).shares(name, figure)
        before, after = traffic.pages
        return after.since(before, [*figure.metric, *figure.over]).shares(name, figure)

    def past(self, name: str, last_s: float) -> list[Reading]:
        """What it was over the last seconds, by the source's own memory; nothing where it has none."""
        figure = self.table(name)
        if not isinstance(figure, FromPrometheus):
            return []
        prometheus = cast("Prometheus", self._client(name, "prometheus"))
        curves = prometheus.range(figure.query, last_s=last_s)
        points = curves[0].points if len(curves) == 1 else ()
        return [
            Reading(figure.scale * value, figure.unit, figure.place, at) for at, value in points if math.isfinite(value)
        ]

    def table(self, name: str) -> Figure:
        """Where a figure comes from.

        Raises:
            Unsupported: the target has none of that name.
            ConfigError: neither it nor any profile has, and there is a similar name.
        """
        figures = self._target.table.figures
        if name in figures:
            return figures[name]
        from pytest_llmops.target.profiles import figure_names

        near = "" if name in figure_names() else did_you_mean(name, {*figures, *figure_names()})
        if near:
            raise ConfigError(f"unknown figure {name!r}.{near}")
        raise Unsupported(
            f"target {self._target.name} has no figure {name!r}: no table figures.{name} says where to read it."
        )

    def _found(self, name: str, figure: Figure, during: Traffic | Act | None) -> tuple[float, float | None]:
        """The value, and its time where the source says one."""
        if isinstance(figure, FromMetrics):
            return self._counted(name, figure, during), None
        if isinstance(figure, FromTraffic):
            return self._calls(name, figure, once=True).figure(name, figure), None
        if isinstance(figure, FromLogs):
            return self._of_lines(name, figure), None
        client: Any = self._client(name, figure.source)
        if isinstance(figure, FromPrometheus):
            value, within = client.value, client.value_within
            found = value(figure.query) if during is None else within(figure.query, self._scraped_s)
            return figure.scale * found, None
        if isinstance(figure, FromMachine):
            look = partial(client.figure, figure.what, disk=figure.disk, process=figure.process)
            if figure.during is None:
                return look(), None
            return at_work(look, self._client(name, figure.during), figure.during, self._target), None
        if isinstance(figure, FromAppCommand):
            return told(name, figure, client.json(figure.command), figure.place)
        return told(name, figure, client.call(figure.route).ok().json(), figure.place)

    def _counted(self, name: str, figure: FromMetrics, during: Traffic | Act | None) -> float:
        if during is None:
            return self._page(name, figure).figure(name, figure)
        if isinstance(during, Traffic) and figure.component == "api":
            before, after = during.pages
        else:
            before = self._page(name, figure)
            during.again() if isinstance(during, Traffic) else during()
            after = self._page(name, figure)
        return after.figure_since(before, name, figure)

    @property
    def _scraped_s(self) -> float:
        """Within which what was just done has been scraped."""
        table = self._target.table
        prometheus = table.components.prometheus
        interval_s = (prometheus.scrape_interval if prometheus else None) or 60.0
        faster = table.sandbox.compress if table.environment == "sandbox" else 1.0
        return max(3.0, 3 * interval_s / faster)

    def _usual_traffic(self, name: str, figure: Figure) -> Traffic | None:
        """The round of questions, where the figure's table says that it is of it."""
        if not isinstance(figure, FromMetrics) or figure.during is None:
            return None
        return round_of(cast("Api", self._client(name, "api")), self._target.workload, self._once)

    def _page(self, name: str, figure: FromMetrics) -> MetricsPage:
        client: Any = self._client(name, figure.component)
        page = figure.page or getattr(getattr(client, "config", None), "metrics", USUAL_PAGE)
        if page is None:
            raise Unsupported(f"{figure.component}: its profile names no metrics page.")
        return page_of(client.http.call("GET", page))

    def _calls(self, name: str, figure: FromTraffic, *, once: bool) -> Calls:
        """What our own calls to a component met with; made once a run, or anew."""
        light = figure.what == "up"
        client, target = self._client(name, figure.component, proven=not light), self._target
        if figure.component == "api" and not light:
            found = round_of(cast("Api", client), target.workload, self._once)
            return Calls.of(found if once else found.again())
        if not once:
            return Calls.read(figure.component, made(client, target, light=light))
        kind = "probes" if light else "calls"
        fact = self._once(f"{kind}-{figure.component}", lambda: made(client, target, light=light))
        return Calls.read(figure.component, fact)

    def _of_lines(self, name: str, figure: FromLogs) -> float:
        """How many lines of a level, or worse, a log has of late, or their share."""
        logs = cast("Logs", self._client(name, "logs"))
        found = logs.entries(figure.log, since_s=figure.since).judged()
        if figure.among:
            found = found.having(**{figure.among: True})
        those = found.having(**{figure.having: True}) if figure.having else found.at_least(figure.level)
        if figure.share and not found:
            what = f"lines that are {figure.among!r}" if figure.among else "lines"
            raise Vacuous(
                f"figures.{name} says nothing: {figure.log} has no {what} of the last {spoken(figure.since)}."
            )
        return 100 * len(those) / len(found) if figure.share else len(those)

    def _client(self, name: str, component: str, *, proven: bool = True) -> Client:
        if component not in self._target.table.components.configured():
            raise Unsupported(
                f"figures.{name} is read from the component {component!r}, "
                f"which target {self._target.name} does not have."
            )
        return self._reach(component) if proven else self._unproven(component)
