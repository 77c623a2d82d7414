"""The target's figures as triage reads them: those that somebody set a limit for, each read once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from pytest_llmops.clients.calls import SLOW_S
from pytest_llmops.clients.figures import Figures
from pytest_llmops.clients.traffic import round_of
from pytest_llmops.judge.thresholds import threshold_for
from pytest_llmops.target.figures import (
    FromAppCommand,
    FromContainers,
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
    from pytest_llmops.clients.traffic import Once
    from pytest_llmops.target.load import Target

SOURCES: dict[type, str] = {
    FromPrometheus: "prometheus",
    FromAppCommand: "app_command",
    FromMachine: "machine",
    FromContainers: "containers",
    FromLogs: "logs",
}
"""Kinds of figures that come from one component, whatever their table says."""


ROUND_S = 35.0
"""For the round of questions: of a very slow service as many as are in time. Triage waits for it little longer."""


class Limited:
    """The figures that a threshold judges or a severity speaks of.

    Args:
        target: with addresses.
        client: gives a component's client, whether or not it can be reached.
        once: gives what the first process of the run made under a name, and makes it if that is this one.
        usual: what runs of late recorded of a figure, as one number; raises an ``LlmopsError`` where that says nothing.
    """

    def __init__(
        self, target: Target, client: Callable[[str], Client], once: Once, usual: Callable[[str], float]
    ) -> None:
        self.usual = usual
        self._target = target
        self._client = client
        self._once = once
        self._figures = Figures(target, client, once)

    @cached_property
    def names(self) -> list[str]:
        """In the order of the file."""
        return limited(self._target)

    def prepare(self) -> None:
        """Ask the run's round of questions: a service that has just started has counted nothing yet.

        Raises:
            LlmopsError: it cannot be asked, which each figure then says of itself.
        """
        api = self._target.table.components.api
        counted = any(isinstance(self._target.table.figures[name], FromMetrics | FromTraffic) for name in self.names)
        if counted and api is not None and "query" in api.routes:
            round_of(cast("Api", self._client("api")), self._target.workload, self._once, longest_s=ROUND_S)

    def read(self, name: str) -> tuple[float, str]:
        """A figure now, and its unit.

        Raises:
            LlmopsError: as in ``Figures.read``.
        """
        reading = self._figures.read(name)
        return reading.value, reading.unit

    def takes_s(self, name: str) -> float:
        """How long reading it may take where it is made of our own calls, the last as slow as it may be; else 0."""
        figure = self._target.table.figures[name]
        if not isinstance(figure, FromTraffic) or figure.component == "api":
            return 0.0
        return SLOW_S + self._target.component(figure.component).deadline

    def component(self, name: str) -> str:
        """The component that it is read from."""
        figure = self._target.table.figures[name]
        return SOURCES.get(type(figure)) or str(getattr(figure, "component", ""))


def limited(target: Target) -> list[str]:
    """Names of the figures that a threshold judges or a severity speaks of, in the order of the file."""
    table = target.table
    spoken_of = {when.figure for severity in table.severities for when in severity.when}
    return [
        name
        for name, figure in table.figures.items()
        if name in spoken_of or (figure.triage and threshold_for(name, table.thresholds) is not None)
    ]
