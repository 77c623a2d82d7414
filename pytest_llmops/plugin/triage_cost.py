"""About what triage and its bundle will cost: what they ask stands in the target's tables, so nothing is called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmops.clients.client import preflight_calls
from pytest_llmops.plugin.checks import AGAIN, DIAGNOSTICS, TRIAGE
from pytest_llmops.plugin.figure_cost import cost_of_figures
from pytest_llmops.target.components import Api, Llm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.target.load import Target

Operations = dict[str, dict[str, int]]
"""What is asked once a run, by its name: ``component.method`` to about how many calls."""


def once_for_triage(fixtures: Iterable[str], target: Target) -> Operations:
    """What a test asks for that uses one of them."""
    asked = set(fixtures)
    if not asked & {TRIAGE, DIAGNOSTICS, AGAIN}:
        return {}
    from pytest_llmops.operate.readings import limited

    figures = cost_of_figures(limited(target), target)
    looks = {**_of_looks(target), **figures.operations}
    found: Operations = {}
    if asked & {TRIAGE, DIAGNOSTICS}:
        found |= {**figures.once, TRIAGE: looks}
    if DIAGNOSTICS in asked:
        found[DIAGNOSTICS] = _of_bundle(target)
    if AGAIN in asked:  # what the others ask once, it asks anew
        found[AGAIN] = dict(sum(map(Counter, figures.once.values()), Counter(looks)))
    return found


def _of_looks(target: Target) -> dict[str, int]:
    parts = target.table.components
    looks = {f"{name}.preflight": calls for name, calls in preflight_calls(target).items() if calls}
    looks |= {f"{name}.health": 1 for name in _with_health(target)}
    looks |= {f"{name}.dependencies": 1 for name, part in _services(target).items() if part.ready is not None}
    others = {"qdrant.ready": parts.qdrant, "redis.keeps": parts.redis, "prometheus.alerts": parts.prometheus}
    return looks | {operation: 1 for operation, part in others.items() if part is not None}


def _of_bundle(target: Target) -> dict[str, int]:
    table = target.table
    parts = table.components.configured()
    asked = {f"{name}.health": 1 for name in _with_health(target)}
    if table.components.api and table.components.api.metrics:
        asked["api.metrics"] = 1
    if table.components.prometheus:
        asked["prometheus.alerts"] = 1
    if table.components.api and "alerts" in table.components.api.routes:
        asked["api.active_alerts"] = 2
    commands = table.components.app_command.commands if table.components.app_command else {}
    if table.components.containers and table.components.containers.list in commands:
        asked["containers.all"] = 2
    asked |= {f"app_command.{name}": 1 for name in [*table.incident.commands, table.incident.summary] if name}
    return asked | {f"{name}.generate": len(part.detail) for name, part in parts.items() if isinstance(part, Llm)}


def _with_health(target: Target) -> list[str]:
    return [name for name, part in _services(target).items() if part.health is not None]


def _services(target: Target) -> dict[str, Api]:
    parts = target.table.components
    return {**({"api": parts.api} if parts.api else {}), **parts.services}
