"""Alert rules: pending while their condition has not held for long enough, firing after that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmops.promql.asking import instant
from pytest_llmops.promql.memory import NAME, Labels, labels_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.promql.memory import Memory


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert rule.

    Attributes:
        name: of the alert.
        expr: its condition.
        for_s: how long it must hold.
        labels: that it adds.
        annotations: texts that it adds.
    """

    name: str
    expr: str
    for_s: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Active:
    """An alert whose condition holds.

    Attributes:
        labels: those of the series, the rule's, and ``alertname``.
        state: ``pending`` or ``firing``.
        since: epoch seconds from which the condition has held.
        value: of the expression.
    """

    labels: Mapping[str, str]
    state: str
    since: float
    value: float


class Watch:
    """A rule, evaluated again and again.

    Args:
        rule: the rule.
    """

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self._since: dict[Labels, float] = {}

    def look(self, memory: Memory, at: float) -> list[Active]:
        """Evaluate it; the alerts whose condition holds now.

        Raises:
            PromqlError: it cannot be evaluated.
        """
        value = instant(self.rule.expr, memory, at)
        found = {(): value} if isinstance(value, float) else value
        holds: dict[Labels, float] = {}
        for series, number in found.items():
            own = {name: text for name, text in series if name != NAME}
            holds[labels_of({**own, **self.rule.labels, "alertname": self.rule.name})] = number
        self._since = {labels: self._since.get(labels, at) for labels in holds}
        return [
            Active(
                dict(labels),
                "firing" if at - self._since[labels] >= self.rule.for_s else "pending",
                self._since[labels],
                number,
            )
            for labels, number in holds.items()
        ]
