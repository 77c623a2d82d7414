"""About what reading a figure will cost: its table says where it comes from, so nothing is called to find out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmops.clients.calls import FEW, VISITS
from pytest_llmops.clients.client import traffic_calls
from pytest_llmops.target.figures import (
    FromAppCommand,
    FromContainers,
    FromMachine,
    FromMetrics,
    FromPrometheus,
    FromService,
    FromTraffic,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.target.figures import Figure
    from pytest_llmops.target.load import Target

METHODS = {"ollama": "generate", "openai": "generate", "ui": "visit", "qdrant": "search"}
"""How a component is called for what it is there for; any other is probed."""


@dataclass
class FigureCost:
    """What some figures ask for.

    Attributes:
        operations: ``component.method`` to about how many calls.
        once: what is asked once a run, whoever reads it, by its name: operations.
        tokens: generated ones, at most.
        components: those that are asked.
    """

    operations: dict[str, int] = field(default_factory=dict)
    once: dict[str, dict[str, int]] = field(default_factory=dict)
    tokens: int = 0
    components: set[str] = field(default_factory=set)


def cost_of_figures(names: Iterable[str], target: Target) -> FigureCost:
    """What it costs to read these figures; one that the target does not have costs nothing."""
    cost, configured = FigureCost(), target.table.components.configured()
    for name in names:
        figure = target.table.figures.get(name)
        if figure is None or figure.source not in configured:
            continue
        cost.components.add(figure.source)
        if isinstance(figure, FromTraffic):
            _of_calls(figure, target, cost)
        elif isinstance(figure, FromMetrics):
            if figure.during:
                cost.once["traffic"] = traffic_calls(target)
            else:
                _add(cost, f"{figure.component}.metrics")
        elif isinstance(figure, FromMachine):
            _of_machine(figure, target, cost)
        elif operation := _one_call(figure):
            _add(cost, operation)
    return cost


def _one_call(figure: Figure) -> str:
    """The call that brings a figure, where it is a single one; empty where none is made."""
    match figure:
        case FromPrometheus():
            return "prometheus.query"
        case FromContainers():
            return "containers.usage"
        case FromAppCommand():
            return f"app_command.{figure.command}"
        case FromService():
            return f"{figure.component}.{figure.route}"
    return ""


def _of_machine(figure: FromMachine, target: Target, cost: FigureCost) -> None:
    _add(cost, f"machine.{figure.what}", 2 if figure.what == "cpu" else 1)
    if figure.during is not None:
        calls = min(FEW, len(target.table.prompts)) if figure.during in METHODS else FEW
        _add(cost, f"{figure.during}.{METHODS.get(figure.during, 'probe')}", calls)
        part = target.table.components.configured().get(figure.during)
        cost.tokens += calls * getattr(part, "max_tokens", 0)


def _of_calls(figure: FromTraffic, target: Target, cost: FigureCost) -> None:
    component = figure.component
    if component == "api" and figure.what != "up":
        cost.once["traffic"] = traffic_calls(target)
    elif figure.what == "up" or component not in METHODS:
        cost.once[f"probes-{component}"] = {f"{component}.probe": FEW}
    else:
        calls = min(VISITS if component == "ui" else FEW, len(target.table.prompts))
        first = f"calls-{component}" not in cost.once
        cost.once[f"calls-{component}"] = {f"{component}.{METHODS[component]}": calls}
        part = target.table.components.configured().get(component)
        cost.tokens += calls * getattr(part, "max_tokens", 0) if first else 0


def _add(cost: FigureCost, operation: str, calls: int = 1) -> None:
    cost.operations[operation] = cost.operations.get(operation, 0) + calls
