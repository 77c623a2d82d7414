"""The target's figures as triage reads them: those that somebody set a limit for, each read once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from pytest_llmops.clients.figures import Figures
from pytest_llmops.clients.traffic import round_of
from pytest_llmops.judge.thresholds import threshold_for
from pytest_llmops.target.figures import FromAppCommand, FromLogs, FromMachine, FromMetrics, FromPrometheus

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.traffic import Once, Traffic
    from pytest_llmops.target.figures import Figure
    from pytest_llmops.target.load import Target

SOURCES: dict[type, str] = {
    FromPrometheus: "prometheus",
    FromAppCommand: "app_command",
    FromMachine: "machine",
    FromLogs: "logs",
}
"""Kinds of figures that come from one component, whatever their table says."""


class Limited:
    """The figures that a threshold judges or a severity speaks of.

    Args:
        target: with addresses.
        client: gives a component's client, whether or not it can be reached.
        once: gives what the first process of the run made under a name, and makes it if that is this one.
    """

    def __init__(self, target: Target, client: Callable[[str], Client], once: Once) -> None:
        self._target = target
        self._client = client
        self._once = once
        self._figures = Figures(target, client, once)

    @cached_property
    def names(self) -> list[str]:
        """In the order of the file."""
        table = self._target.table
        spoken_of = {when.figure for severity in table.severities for when in severity.when}
        return [
            name for name in table.figures if name in spoken_of or threshold_for(name, table.thresholds) is not None
        ]

    def read(self, name: str) -> tuple[float, str]:
        """A figure now, and its unit. What is counted since a service's start is read of the run's round of questions.

        Raises:
            LlmopsError: as in ``Figures.read``.
        """
        reading = self._figures.read(name, during=self._traffic(self._figures.table(name)))
        return reading.value, reading.unit

    def component(self, name: str) -> str:
        """The component that it is read from."""
        figure = self._target.table.figures[name]
        return SOURCES.get(type(figure)) or str(getattr(figure, "component", ""))

    def _traffic(self, figure: Figure) -> Traffic | None:
        api = self._target.table.components.api
        if not isinstance(figure, FromMetrics) or figure.component != "api" or api is None or "query" not in api.routes:
            return None
        return round_of(cast("Api", self._client("api")), self._target.workload, self._once)
