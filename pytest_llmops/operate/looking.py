"""Triage's looks at a deployment: all side by side, within two minutes, whatever is down or slow."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmops.clients.http import purpose
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import CallFailed, LlmopsError, Unreachable, Unsupported, Vacuous
from pytest_llmops.judge.thresholds import breach, said, threshold_for
from pytest_llmops.operate.findings import Finding
from pytest_llmops.operate.severity import HEALTH_FIGURES, RISE
from pytest_llmops.operate.side_by_side import TooLong, together
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.health import HealthReport
    from pytest_llmops.operate.findings import Kind, State
    from pytest_llmops.target.load import Target

    Look = tuple[Kind, str, str, Callable[[], list[Finding]]]
    """Kind and name of what is found, the component whose failure would explain it, and how to find it."""

FIRST_TOKEN_S = 15.0
"""For a model server's first token. A cold load may take longer: then triage says that no token came in this time."""

REACH_S = 25.0
"""For all components together."""

ASK_S = 15.0
"""For the round of questions that figures are counted by."""

LOOK_S = 15.0
"""For what those that can be reached say of themselves."""

READ_S = 25.0
"""For all figures: one that takes longer is not known to triage; our own calls may take as long as a slow server."""

WHOLE_S = 110.0
"""For all of it where figures take longer: the runbooks give a first assessment two minutes."""

BREACHES = {"critical": "critical", "normal": "warning", "minor": "target"}
"""A breach's severity to the level of the threshold that did not hold."""


class Readings(Protocol):
    """The target's figures, as triage reads them."""

    @property
    def names(self) -> Sequence[str]:
        """Those that are to be looked at."""
        ...

    def prepare(self) -> None:
        """Do what has to be done before they can be read."""
        ...

    def read(self, name: str) -> tuple[float, str]:
        """A figure now, and its unit."""
        ...

    def usual(self, name: str) -> float:
        """What runs of late recorded of it, as one number."""
        ...

    def takes_s(self, name: str) -> float:
        """How long reading it may take where that is known; 0 where it is not."""
        ...

    def component(self, name: str) -> str:
        """The component that it is read from; empty where it is none."""
        ...


class Looking:
    """Looks at one deployment once.

    Args:
        target: with addresses.
        client: gives a component's client, whether or not it can be reached.
        figures: the target's; None: no figure is looked at.
    """

    def __init__(self, target: Target, client: Callable[[str], Client], figures: Readings | None = None) -> None:
        self.target = target
        self.client = client
        self.figures = figures
        self.rises = {
            when.figure: when.rise for severity in target.table.severities for when in severity.when if when.rise
        }
        """Figures that are held against their past, and by how many % they may be above it."""
        self.down: set[str] = set()
        self.answering: set[str] = set()
        """Of those that are down: what can be reached and does not work, as a server without its model."""

    def look(self) -> list[Finding]:
        """All that can be found out: components first, then what those that can be reached say."""
        self.begun = time.monotonic()
        with purpose("triage"):
            return [*self._components(), *self._flags(), *self._rest()]

    def look_all_the_same(self) -> list[Finding]:
        """The checks of health alone, each of them made even where its component cannot be reached.

        Whoever wants to know what is wrong is told once; whoever tries the checks has to see each of them fail.
        """
        with purpose("triage"):
            found = [*self._components()]
            self.down.clear()
            return [*found, *self._taken(self._looks(), LOOK_S)]

    def _components(self) -> Iterator[Finding]:
        parts = self.target.table.components.configured()
        probes = {name: partial(self._probed, name) for name in parts}
        for name, done in together(probes, REACH_S).items():
            state, words, level = done.value or (_failure(done.error), _words(name, done.error), "")
            if state == "failed":
                self.down.add(name)
                if level:
                    self.answering.add(name)
            yield Finding("component", name, state, words, required=parts[name].required)

    def _probed(self, name: str) -> tuple[State, str, str]:
        """Its state, why, and the last level that it reached."""
        found = preflight(self.client(name), FIRST_TOKEN_S)
        return "ok" if found.ok else "failed", found.reason, found.level

    def _flags(self) -> Iterator[Finding]:
        for flag in self.target.table.incident.flags:
            yield Finding("flag", flag, "failed", f"{flag}: raised in {self.target.where[:-1]}.incident]")

    def _rest(self) -> list[Finding]:
        """What each look comes to: health before figures, so that these do not make that slow."""
        found = self._taken(self._looks(), LOOK_S)
        if self.figures is not None and "api" not in self.down:
            together({"prepare": self.figures.prepare}, ASK_S)  # what came of it, each figure says
        return [*found, *self._taken(self._figures(), READ_S, self._own_times())]

    def _own_times(self) -> dict[str, float]:
        """Figures that may take longer than others, by the title of the look, and how long."""
        figures, left_s = self.figures, WHOLE_S - (time.monotonic() - self.begun)
        if figures is None:
            return {}
        times = {f"figure {name}": min(figures.takes_s(name), left_s) for name in figures.names}
        return {title: time_s for title, time_s in times.items() if time_s > READ_S}

    def _taken(self, looks: Iterator[Look], within_s: float, own_s: Mapping[str, float] | None = None) -> list[Finding]:
        """Looks side by side; one that fails is a finding of its own, and is not known where its component is down."""
        by_title = {f"{kind} {name}": (kind, name, component, look) for kind, name, component, look in looks}
        findings: list[Finding] = []
        for title, done in together({title: look for title, (*_, look) in by_title.items()}, within_s, own_s).items():
            kind, name, component, _ = by_title[title]
            if done.value is not None:
                findings += done.value
                continue
            hidden = component in self.down or (kind == "figure" and isinstance(done.error, TooLong))
            state: State = "unknown" if hidden else _failure(done.error)
            applies = not isinstance(done.error, Unsupported | Vacuous)
            findings.append(Finding(kind, name, state, _words(name, done.error), component, applies=applies))
        return findings

    def _looks(self) -> Iterator[Look]:
        components = self.target.table.components
        for name, part in [("api", components.api), *components.services.items()]:
            if part is not None and part.health is not None:
                yield "health", name, name, partial(self._health, name)
            if part is not None and part.ready is not None:
                yield "dependency", name, name, partial(self._depends, name)
        if components.qdrant is not None:
            yield "health", "qdrant", "qdrant", self._ready
        if components.redis is not None:
            yield "health", "redis", "redis", self._keeps
        for name, server in (("ollama", components.ollama), ("openai", components.openai)):
            if server is not None and server.models:
                yield "models", name, name, partial(self._models, name, server.models)
        if components.prometheus is not None:
            yield "alert", "prometheus", "prometheus", self._alerts

    def _figures(self) -> Iterator[Look]:
        if self.figures is not None:
            for name in self.figures.names:
                yield "figure", name, self.figures.component(name), partial(self._figure, self.figures, name)

    def _health(self, name: str) -> list[Finding]:
        report = self._reached(name).health()
        found = [Finding("health", name, "ok" if report.healthy else "failed", report.reason, name)]
        found += _dependencies(name, report)
        for figure, key in HEALTH_FIGURES.items() if name == "api" else ():
            value = getattr(report, key)
            if value is not None:
                found.append(self._judged(figure, value, "s", name))
        return found

    def _depends(self, name: str) -> list[Finding]:
        """What a route of its own says of a service's dependencies; that it does not say it, where it does not."""
        report = self._reached(name).dependencies()
        return _dependencies(name, report) or [
            Finding("dependency", name, "ok" if report.healthy else "failed", report.reason, name)
        ]

    def _ready(self) -> list[Finding]:
        took_s = self._reached("qdrant").ready()
        return [Finding("health", "qdrant", "ok", f"qdrant: ready after {spoken(took_s)}", "qdrant")]

    def _keeps(self) -> list[Finding]:
        kept = self._reached("redis").keeps("llmops:triage:probe", "kept")
        words = "redis: keeps what it is given" if kept else "redis: a value that was set was gone at once"
        return [Finding("health", "redis", "ok" if kept else "failed", words, "redis")]

    def _models(self, name: str, wanted: Sequence[str]) -> list[Finding]:
        server: Any = self.client(name) if name in self.answering else self._reached(name)
        missing = server.missing_models()
        words = f"{name}: {', '.join(missing)} missing" if missing else f"{name}: {', '.join(wanted)} listed"
        return [Finding("models", name, "failed" if missing else "ok", words, name)]

    def _alerts(self) -> list[Finding]:
        firing = [alert for alert in self._reached("prometheus").alerts() if alert.state == "firing"]
        found = [self._alert(alert.name, alert.labels) for alert in firing]
        return found or [Finding("alert", "prometheus", "ok", "prometheus: no alert is firing", "prometheus")]

    def _alert(self, name: str, labels: Mapping[str, str]) -> Finding:
        """An alert that fires; of one that is known to fire whatever the state, that it says nothing."""
        says_nothing = {(one.kind, one.what): one.why for one in self.target.table.vacuous}
        why = says_nothing.get(("rule", name)) or says_nothing.get(("job", labels.get("job", "")))
        words = f"alert {name} is firing" + (f", and says nothing: {why}" if why else "")
        state: State = "unknown" if why else "failed"
        level = labels.get("severity", "")
        return Finding("alert", name, state, words, "prometheus", level=level, applies=not why)

    def _figure(self, figures: Readings, name: str) -> list[Finding]:
        component = figures.component(name)
        if component in self.down:
            raise Unreachable(component, f"{component} cannot be reached.")
        value, unit = figures.read(name)
        risen = [self._risen(figures, name, value, unit)] if name in self.rises else []
        return [self._judged(name, value, unit, component), *risen]

    def _risen(self, figures: Readings, name: str, value: float, unit: str) -> Finding:
        """By how many % a figure is above what runs of late recorded of it."""
        component, title = figures.component(name), f"{name}{RISE}"
        try:
            usual = figures.usual(name)
        except LlmopsError as error:
            applies = not isinstance(error, Vacuous)
            return Finding("figure", title, "unknown", _words(name, error), component, applies=applies)
        rise = 100 * (value / usual - 1)
        words = f"{name} is {said(value, unit)}, {said(abs(rise), '%')} {'above' if rise > 0 else 'below'} its usual "
        return Finding(
            "figure",
            title,
            "failed" if rise > self.rises[name] else "ok",
            f"{words}{said(usual, unit)}",
            component,
            value=rise,
            unit="%",
        )

    def _judged(self, name: str, value: float, unit: str, component: str) -> Finding:
        """A figure by its threshold; seen once, so how long it has been so is not known."""
        threshold = threshold_for(name, self.target.table.thresholds)
        broken = breach(name, value, unit, threshold) if threshold else None
        return Finding(
            "figure",
            name,
            "failed" if broken is not None and broken.fails else "ok",
            broken.reason if broken else f"{name} is {said(value, unit)}",
            component,
            level=BREACHES[broken.severity] if broken else "",
            value=value,
            unit=unit,
        )

    def _reached(self, component: str) -> Any:
        if component in self.down:
            raise Unreachable(component, f"{component} cannot be reached.")
        return self.client(component)


def _dependencies(name: str, report: HealthReport) -> list[Finding]:
    return [
        Finding(
            "dependency",
            f"{name}.{dependency}",
            "failed" if dependency in report.unhealthy else "ok",
            f"{name}: dependency {dependency} is {state!r}",
            name,
        )
        for dependency, state in report.dependencies.items()
    ]


def _failure(error: Exception | None) -> State:
    """What could not be looked at: a failure where it does not answer, unknown where it would say nothing."""
    return "failed" if isinstance(error, CallFailed | Unreachable | TooLong) else "unknown"


def _words(name: str, error: Exception | None) -> str:
    words = str(error) if isinstance(error, LlmopsError) else f"{type(error).__name__}: {error}"
    return words if words.startswith(name) else f"{name}: {words}"
