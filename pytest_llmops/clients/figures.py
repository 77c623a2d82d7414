"""Figures of a target, each read from where its table says: one number, with its unit, source and time."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.at_work import at_work
from pytest_llmops.clients.calls import Calls, made
from pytest_llmops.clients.told import number, told
from pytest_llmops.clients.traffic import Traffic, round_of
from pytest_llmops.clients.vitals import page_of
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, Vacuous, did_you_mean
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.figures import (
    FromAppCommand,
    FromContainers,
    FromLogs,
    FromMachine,
    FromMetrics,
    FromPrometheus,
    FromTraffic,
)
from pytest_llmops.target.moments import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.exposition import MetricsPage
    from pytest_llmops.clients.log_entries import Entries
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.traffic import Once
    from pytest_llmops.target.figures import Figure, FromService
    from pytest_llmops.target.load import Target

    Act = Callable[[], object]
    OfASource = FromMetrics | FromPrometheus | FromAppCommand | FromService | FromMachine | FromContainers | FromLogs
    """Whatever is not of our own calls."""

USUAL_PAGE = "/metrics"

LOOK_S = 60.0
"""Between the looks at a figure's past: 1440 of a day, and one answer of Prometheus may hold 11,000."""


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

    def above(self, start: Reading) -> float:
        """How much more it is than at a start, in % of that; negative: less."""
        return 100 * (self.value - start.value) / start.value


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over a time.

    Attributes:
        mean, peak: in ``unit``.
        unit: as in :class:`Reading`.
        peak_at: when it was highest, in epoch seconds.
        seconds: of that time that are remembered.
    """

    mean: float
    peak: float
    unit: str
    peak_at: float
    seconds: float


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
        if isinstance(figure, FromTraffic):
            return self._of_calls(name, figure, once=True)
        value, at = self._found(name, figure, during)
        at = time.time() if at is None else at
        return Reading(number(name, value, figure.place), figure.counted_in, figure.place, at)

    def counted(self, name: str) -> float:
        """A figure that is counted since a service's start: 0 where nothing was, as when it has just started.

        Raises:
            Unsupported, ConfigError, CallFailed: as `read`.
        """
        try:
            return self.read(name).value
        except Vacuous:
            return 0.0

    def again(self, name: str, *, during: Traffic | Act | None = None) -> Reading:
        """The same figure once more, later: what is read off our own calls is read off new ones."""
        figure = self.table(name)
        if isinstance(figure, FromTraffic):
            return self._of_calls(name, figure, once=False)
        during = during or self._usual_traffic(name, figure)
        return self.read(name, during=during.again if isinstance(during, Traffic) else during)

    def course(self, name: str, steps: Iterable[Act]) -> list[Reading]:
        """A figure before several steps, and after each of them."""
        found = [self.read(name)]
        for step in steps:
            step()
            found.append(self.read(name))
        return found

    def after_each(self, name: str, counted: str, steps: Iterable[Act]) -> list[Reading]:
        """A gauge after each of several steps that moved a counter: after another it still shows an earlier one.

        Args:
            name: of the gauge.
            counted: of the counter that moves where the gauge is set.
            steps: what is done.

        Raises:
            Vacuous: the counter moved with none of them.
            Unsupported, ConfigError, CallFailed: as in :meth:`read`.
        """
        before, asked, found = self.counted(counted), 0, []
        for step in steps:
            step()
            asked += 1
            now = self.counted(counted)
            found += [self.read(name)] if now > before else []
            before = now
        if not found:
            raise Vacuous(
                f"figures.{name} says nothing: figures.{counted} moved with none of {asked} questions, so it "
                "still shows an earlier one's value."
            )
        return found

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
        figure, now = self.table(name), time.time()
        return (
            self._windows(name, figure, last_s)
            if isinstance(figure, FromLogs)
            else self.between(name, now - last_s, now)
        )

    def between(self, name: str, start: float, end: float) -> list[Reading]:
        """What it was from one moment to another, in epoch seconds; nothing where the source has no memory."""
        figure = self.table(name)
        if not isinstance(figure, FromPrometheus):
            return []
        prometheus = cast("Prometheus", self._client(name, "prometheus"))
        curves = prometheus.range(figure.query, start=start, end=end)
        points = curves[0].points if len(curves) == 1 else ()
        return [
            Reading(figure.scale * value, figure.unit, figure.place, at) for at, value in points if math.isfinite(value)
        ]

    def spread(self, name: str, last_s: float) -> Spread:
        """A figure's mean and its peak over the last seconds, by Prometheus' memory, a look a minute.

        Args:
            name: in the target's ``figures``, from Prometheus.
            last_s: seconds until now.

        Raises:
            Unsupported: the target has no such figure, or its source remembers nothing.
            Vacuous: Prometheus has no value of that time.
            CallFailed: Prometheus does not answer, or the figure is several numbers (kind ``several``).
        """
        figure = self.table(name)
        if not isinstance(figure, FromPrometheus):
            raise Unsupported(f"figures.{name}: {figure.place} remembers nothing; give it from = 'prometheus'.")
        prometheus = cast("Prometheus", self._client(name, "prometheus"))
        curves = prometheus.range(figure.query, last_s=last_s, step_s=LOOK_S)
        if len(curves) > 1:
            raise CallFailed("prometheus", "several", f"figures.{name}: {figure.query!r} is {len(curves)} numbers.")
        looks = [(value, at) for curve in curves for at, value in curve.points if math.isfinite(value)]
        if not looks:
            what = f"prometheus has no value of the last {spoken(last_s)}"
            raise Vacuous(f"figures.{name} says nothing: {what}: no job yields it.")
        values, (peak, peak_at) = [figure.scale * value for value, _ in looks], max(looks)
        looked_s = min(len(looks) * LOOK_S, last_s)
        return Spread(fmean(values), figure.scale * peak, figure.counted_in, peak_at, looked_s)

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

    def _found(self, name: str, figure: OfASource, during: Traffic | Act | None) -> tuple[float, float | None]:
        """The value, and its time where the source says one."""
        if isinstance(figure, FromMetrics):
            return self._counted(name, figure, during), None
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
        if isinstance(figure, FromContainers):
            if figure.what == "memory":
                return client.fullest(figure.part).memory_pct, None
            return max(one.cpu_share[0] for one in client.usage(figure.part)), None
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
        return max(3.0, 3 * interval_s / table.faster)

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
        return page_of(client.http.call("GET", page), time.time())

    def _of_calls(self, name: str, figure: FromTraffic, *, once: bool) -> Reading:
        """A figure of our own calls; of a share of them the source says how the last one failed."""
        calls = self._calls(name, figure, once=once)
        why = calls.last_failure if figure.share_of_calls else ""
        source = f"{figure.place}; {why}" if why else figure.place
        return Reading(calls.figure(name, figure), figure.counted_in, source, time.time())

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
        found = self._lines(name, figure, figure.since).judged()
        value = _counted(figure, found)
        if value is None:
            what = f"lines that are {figure.among!r}" if figure.among else "lines"
            raise Vacuous(
                f"figures.{name} says nothing: {figure.log} has no {what} of the last {spoken(figure.since)}."
            )
        return value

    def _windows(self, name: str, figure: FromLogs, last_s: float) -> list[Reading]:
        """What the log counted before, over one ``since`` after the other; none that it does not reach back to."""
        found = self._lines(name, figure, last_s + figure.since)
        oldest, now = found.reading.oldest_at, found.reading.at
        ends = [now - number * figure.since for number in range(1, 1 + int(last_s / figure.since))]
        values = [
            (end, _counted(figure, found.within([Period(end - figure.since, end)])))
            for end in reversed(ends)
            if oldest is not None and oldest <= end - figure.since
        ]
        return [Reading(value, figure.counted_in, figure.place, end) for end, value in values if value is not None]

    def _lines(self, name: str, figure: FromLogs, since_s: float) -> Entries:
        return cast("Logs", self._client(name, "logs")).entries(figure.log, since_s=since_s)

    def _client(self, name: str, component: str, *, proven: bool = True) -> Client:
        if component not in self._target.table.components.configured():
            raise Unsupported(
                f"figures.{name} is read from the component {component!r}, "
                f"which target {self._target.name} does not have."
            )
        return self._reach(component) if proven else self._unproven(component)


def _counted(figure: FromLogs, found: Entries) -> float | None:
    """How many of these lines are such as the figure counts, or their share in %; None where that is one of nothing."""
    among = found.having(**{figure.among: True}) if figure.among else found
    those = among.having(**{figure.having: True}) if figure.having else among.at_least(figure.level)
    if not figure.share:
        return float(len(those))
    return 100 * len(those) / len(among) if among else None
