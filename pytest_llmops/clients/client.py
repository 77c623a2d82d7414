"""What every client can do, and how one is made."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmops.clients.over_http import OverHttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

Level = tuple[str, "Callable[[], object]"]
"""A level of preflight: its name, and the step that proves it."""


class Client(Protocol):
    """A component, as preflight and the sampling loop see it."""

    @property
    def component(self) -> str:
        """Its name in the target."""
        ...

    @property
    def address(self) -> str:
        """Where it is, without secrets."""
        ...

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """What has to be proved, in order, before the component counts as there.

        Args:
            deadline_s: for the first real token.
            facts: filled with what the server says of itself (server, model, digest, quantisation).
        """
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


CLIENTS: dict[str, tuple[str, str]] = {
    "api": ("api", "Api"),
    "ollama": ("ollama", "Ollama"),
    "openai": ("openai", "OpenAI"),
    "judge": ("openai", "OpenAI"),
    "qdrant": ("vectors", "Vectors"),
    "redis": ("redis", "Redis"),
    "prometheus": ("prometheus", "Prometheus"),
    "alertmanager": ("alertmanager", "Alertmanager"),
    "grafana": ("grafana", "Grafana"),
    "langfuse": ("langfuse", "Langfuse"),
    "ui": ("ui", "Ui"),
    "logs": ("logs", "Logs"),
    "files": ("files", "Files"),
    "machine": ("machine", "Machine"),
    "app_command": ("app_command", "AppCommands"),
    "containers": ("containers", "Containers"),
}
"""A component's client: the module of this room, and the class in it. Imported when the component is first needed."""

SERVICE = CLIENTS["api"]
"""The client of any further service of the target."""

WORKER = ("worker", "Worker")
"""The client of its processes that nobody calls."""


PREFLIGHTS = {"ollama": 4, "openai": 3, "judge": 3, "grafana": 2}
"""Calls of a component's preflight, where they are several whatever its table says; Ollama is also asked what it holds
in memory."""


def preflight_calls(target: Target) -> dict[str, int]:
    """About how many calls each component's preflight makes: one for each of its levels, and what is seen only then.

    No client is made for it, so no key is needed.
    """
    parts = target.table.components
    calls = {name: PREFLIGHTS.get(name, 1) for name in parts.configured() if name not in parts.workers}
    api = target.table.components.api
    if api is not None and "api" in calls and api.auth is not None and "query" in api.routes:
        calls["api"] = 2  # a question shows whether the key is good
    return calls


def traffic_calls(target: Target) -> dict[str, int]:
    """About how many calls the run's one round of questions makes: ``component.method`` to calls.

    No client is made for it, so no key is needed.
    """
    api = target.table.components.api
    if api is None or "query" not in api.routes:
        return {}
    looks = {"metrics": api.metrics is not None, "audit": "audit" in api.routes}
    looked = {f"api.{name}": 2 for name, there in looks.items() if there}
    return {"api.query": len(target.table.prompts), **looked}


LINTED = 3
"""Questions between the lint's two looks at a metrics page."""


def lint_calls(target: Target) -> dict[str, int]:
    """About how many calls the run's one look at what can say nothing makes: ``component.method`` to calls.

    No client is made for it, so no key is needed.
    """
    parts = target.table.components
    calls: dict[str, int] = {}
    if parts.api is not None and parts.api.metrics is not None:
        asked = "query" if "query" in parts.api.routes else "health"
        calls |= {"api.metrics": 2, f"api.{asked}": min(LINTED, len(target.table.prompts)) if asked == "query" else 1}
    if parts.prometheus is not None:
        rows = sum(row.series is not None for row in parts.prometheus.rows)
        calls |= {"prometheus.labels": 1, "prometheus.rules": 1, "prometheus.targets": 1, "prometheus.series": rows}
    if parts.grafana is not None:
        calls["grafana.dashboard"] = len(parts.grafana.dashboards)
    return {name: count for name, count in calls.items() if count}


def connect(
    target: Target, component: str, ledger: Ledger, door: Callable[[Target, str, Ledger], Any] | None = None
) -> Client:
    """The client of a configured component; nothing is sent yet.

    Args:
        target: the deployment.
        component: which of its endpoints.
        ledger: where calls are counted.
        door: makes what an HTTP client's calls go through; `Http` by default.

    Raises:
        ConfigError: the target has no such component.
    """
    config = target.component(component)
    module, name = CLIENTS.get(component, WORKER if component in target.table.components.workers else SERVICE)
    kind = getattr(import_module(f"pytest_llmops.clients.{module}"), name)
    client: Client
    if issubclass(kind, OverHttp):
        if door is None:
            from pytest_llmops.clients.http import Http

            door = Http
        client = kind(door(target, component, ledger), config)
    else:  # it opens connections of its own
        client = kind(target, component, ledger)
    return client
