"""Triage's looks at a deployment: all side by side, within a minute, whatever is down."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.figures import Figures
from pytest_llmops.clients.http import purpose
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.clients.traffic import round_of
from pytest_llmops.errors import CallFailed, LlmopsError, Unreachable
from pytest_llmops.judge.thresholds import breach, said, threshold_for
from pytest_llmops.operate.findings import Finding
from pytest_llmops.operate.side_by_side import TooLong, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.traffic import Once
    from pytest_llmops.operate.side_by_side import Done
    from pytest_llmops.target.load import Target

FIRST_TOKEN_S = 20.0
"""For a model server's first token. A cold load may take longer: then triage says that no token came in this time."""

REACH_S = 30.0
"""For all components together."""

LOOK_S = 40.0
"""For all that is asked of those that can be reached."""

BREACHES = {"critical": "critical", "normal": "warning", "minor": "target"}
"""A breach's severity to the level of the threshold that did not hold."""

Look = "Callable[[], list[Finding]]"


class Looking:
    """Looks at one deployment once.

    Args:
        target: with addresses.
        client: gives a component's client, whether or not it can be reached.
        once: gives what the first process of the run made under a name, and makes it if that is this one.
    """

    def __init__(self, target: Target, client: Callable[[str], Client], once: Once) -> None:
        self.target = target
        self.client = client
        self.once = once
        self.down: dict[str, str] = {}
        self.figures = Figures(target, self._reached, once)

    def look(self) -> list[Finding]:
        """All that can be found out: components first, then what those that can be reached say."""
        with purpose("triage"):
            return [*self._components(), *self._flags(), *self._rest()]

    def _components(self) -> Iterator[Finding]:
        parts = self.target.table.components.configured()
        probes = {name: partial(self._probed, name) for name in parts}
        for name, done in together(probes, REACH_S).items():
            finding = done.value or _told("component", name, done.error, name)
            if isinstance(done.error, TooLong):
                finding = Finding("component", name, "failed", f"{name}: {done.error}", name)
            if finding.state == "failed":
                self.down[name] = finding.said
            required = parts[name].required
            yield Finding("component", name, finding.state, finding.said, "", required)

    def _probed(self, name: str) -> Finding:
        found = preflight(self.client(name), FIRST_TOKEN_S)
        return Finding("component", name, "ok" if found.ok else "failed", found.reason, name)

    def _flags(self) -> Iterator[Finding]:
        for flag in self.target.table.incident.flags:
            yield Finding("flag", flag, "failed", f"{flag}: raised in {self.target.where[:-1]}.incident] flags")

    def _rest(self) -> list[Finding]:
        """What each look comes to; one that fails is a finding of its own."""
        looks = dict(self._looks())
        findings: list[Finding] = []
        for (kind, name), done in _by_key(looks, together({" ".join(key): look for key, look in looks.items()}, LOOK_S)):
            findings += done.value if done.value is not None else [_told(kind, name, done.error, self._of(kind, name))]
        return findings

    def _looks(self) -> Iterator[tuple[tuple[str, str], Callable[[], list[Finding]]]]:
        components = self.target.table.components
        services = {name: part for name, part in [("api", components.api), *components.services.items()] if part}
        for name, part in services.items():
            if part.health is not None:
                yield ("health", name), partial(self._health, name)
        for name, server in (("ollama", components.ollama), ("openai", components.openai)):
            if server is not None and server.models:
                yield ("models", name), partial(self._models, name, server.models)
        if components.prometheus is not None:
            yield ("alert", "prometheus"), self._alerts
        for name in self.asked_figures():
            yield ("figure", name), partial(self._figure, name)

    def asked_figures(self) -> list[str]:
        """Those that a threshold judges or a severity speaks of; the thresholds' order."""
        table = self.target.table
        judged = [name for name in table.figures if threshold_for(name, table.thresholds) is not None]
        named = [when.figure for severity in table.severities for when in severity.when if when.figure]
        return list(dict.fromkeys([*judged, *(name for name in named if name in table.figures)]))

    def _health(self, name: str) -> list[Finding]:
        report = self._reached_any(name).health()
        wrong = set(report.unhealthy)
        well: list[Finding] = [
            Finding("health", name, "ok" if report.healthy else "failed", report.reason, name),
        ]
        for dependency, state in report.dependencies.items():
            words = f"{name}: dependency {dependency} is {state!r}"
            well.append(
                Finding("dependency", f"{name}.{dependency}", "failed" if dependency in wrong else "ok", words, name)
            )
        return well

    def _models(self, name: str, wanted: Iterable[str]) -> list[Finding]:
        missing = self._reached_any(name).missing_models()
        words = f"{name}: {', '.join(missing)} missing" if missing else f"{name}: {', '.join(wanted)} listed"
        return [Finding("models", name, "failed" if missing else "ok", words, name)]

    def _alerts(self) -> list[Finding]:
        firing = [alert for alert in self._reached_any("prometheus").alerts() if alert.state == "firing"]
        if not firing:
            return [Finding("alert", "prometheus", "ok", "prometheus: no alert is firing", "prometheus")]
        return [
            Finding(
                "alert",
                alert.name,
                "failed",
                f"alert {alert.name} is firing",
                "prometheus",
                level=alert.labels.get("severity", ""),
            )
            for alert in firing
        ]

    def _figure(self, name: str) -> list[Finding]:
        reading = self.figures.read(name, during=self._traffic(name))
        thresholds = self.target.table.thresholds
        threshold = threshold_for(name, thresholds)
        broken = breach(name, reading.value, reading.unit, threshold) if threshold else None
        fails = broken is not None and broken.fails
        words = broken.reason if broken else f"{name} is {said(reading.value, reading.unit)}"
        level = BREACHES[broken.severity] if broken else ""
        state = "failed" if fails else "ok"
        return [
            Finding("figure", name, state, words, self._of("figure", name), True, level, reading.value, reading.unit)
        ]

    def _traffic(self, name: str) -> Any:
        """The run's round of questions, for figures that are counted since the service's start."""
        figure = self.figures.table(name)
        api = self.target.table.components.api
        if figure.kind != "metrics" or figure.component != "api" or api is None or "query" not in api.routes:
            return None
        return round_of(self._reached_any("api"), self.target.workload, self.once)

    def _of(self, kind: str, name: str) -> str:
        """The component whose failure would explain a finding."""
        if kind != "figure":
            return name
        figure: Any = self.figures.table(name)
        alone = {"prometheus": "prometheus", "app_command": "app_command", "machine": "machine", "logs": "logs"}
        return str(alone.get(figure.kind) or getattr(figure, "component", ""))

    def _reached(self, component: str) -> Client:
        if component in self.down:
            raise Unreachable(component, self.down[component])
        return self.client(component)

    def _reached_any(self, component: str) -> Any:
        return self._reached(component)


def _by_key(looks: Any, done: dict[str, Done[list[Finding]]]) -> Iterator[tuple[tuple[Any, str], Done[list[Finding]]]]:
    for key in looks:
        yield key, done[" ".join(key)]


def _told(kind: Any, name: str, error: Exception | None, component: str) -> Finding:
    """What could not be looked at: a failure where it does not answer, unknown where it would say nothing."""
    failed = isinstance(error, CallFailed | Unreachable | TooLong)
    words = str(error) if isinstance(error, LlmopsError) else f"{type(error).__name__}: {error}"
    words = words if words.startswith(name) else f"{name}: {words}"
    return Finding(kind, name, "failed" if failed else "unknown", words, component)


def timed(look: Callable[[], list[Finding]]) -> tuple[list[Finding], float]:
    """The findings, and the seconds that they took."""
    start = time.monotonic()
    return look(), time.monotonic() - start
