"""Thresholds as data: what the runbook writes (``"< 3 s"``, ``">= 95 %"``), with a unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from pytest_llmops.target.durations import Seconds, seconds

_PATTERN = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*(.+?)\s*")
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*(.*)")
_TIMES = {"us", "ms", "s", "m", "min", "h", "d"}
MEANT = {
    **dict.fromkeys(("microsecond", "microseconds", "usec", "µs", "μs"), "us"),
    **dict.fromkeys(("millisecond", "milliseconds", "millis", "msec", "msecs", "mS", "MS", "Ms"), "ms"),
    **dict.fromkeys(("sec", "secs", "second", "seconds", "S"), "s"),
    **dict.fromkeys(("mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("percent", "pct", "per cent"), "%"),
}
"""Units that nothing is measured in, and those that their writers mean."""

Level = Literal["target", "warning", "critical"]
LEVELS: tuple[Level, ...] = ("target", "warning", "critical")
"""The limits that a threshold may have, from the mildest on."""

Operator = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Limit:
    """One comparison.

    Attributes:
        text: as written.
        op: the comparison, value on the left.
        value: number in ``unit``, or a word (``"HEALTHY"``) for ``==`` and ``!=``.
        unit: ``s`` for all times, ``%``, another word, or empty: then it is the metric's own unit.
    """

    text: str
    op: str
    value: float | str
    unit: str = ""

    @classmethod
    def parse(cls, text: object) -> Limit:
        """Read ``"< 500 ms"``.

        Raises:
            ValueError: not such a text; shows the form.
        """
        if isinstance(text, Limit):
            return text
        found = _PATTERN.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ValueError(f"{text!r} is not a limit; write for example '< 3 s', '>= 95 %', '== HEALTHY'")
        op, rest = found.groups()
        number = _NUMBER.fullmatch(rest)
        if number is None:
            if op not in {"==", "!="}:
                raise ValueError(f"{text!r} orders a word; only == and != compare words")
            return cls(found[0].strip(), op, rest)
        unit = number[2].strip()
        if unit in MEANT:
            raise ValueError(
                f"{text!r} has the unit {unit!r}, which nothing is measured in. Did you mean {MEANT[unit]!r}?"
            )
        if unit in _TIMES:
            return cls(found[0].strip(), op, seconds(f"{float(number[1]):.12f} {unit}"), "s")
        return cls(found[0].strip(), op, float(number[1]), unit)


LimitField = Annotated[
    Limit,
    BeforeValidator(Limit.parse),
    PlainSerializer(lambda limit: limit.text, return_type=str, when_used="json-unless-none"),
    WithJsonSchema({"type": "string", "examples": ["< 3 s"]}),
]


class Threshold(BaseModel):
    """The limits of one metric. ``target`` must hold; ``warning`` and ``critical`` are what breaks it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    target: LimitField | None = Field(None, description="What must hold, e.g. '< 3 s'; missed: fails, severity minor.")
    warning: LimitField | None = Field(None, description="Breached: fails, severity normal.")
    critical: LimitField | None = Field(None, description="Breached: fails, severity critical.")
    for_s: Seconds | None = Field(
        None, alias="for", description="How long a breach must last, e.g. '2m'; looked into after a first breach."
    )
    on_target_miss: Literal["fail", "warn"] = Field("fail", description="What a missed target does.")

    @property
    def at_once(self) -> Threshold:
        """The same limits, broken by a single look."""
        return self.model_copy(update={"for_s": None})

    def alone(self, level: Level) -> Threshold | None:
        """One of its limits, without the others; None where it has no such limit."""
        others: dict[str, None] = {other: None for other in LEVELS if other != level}
        return None if getattr(self, level) is None else self.model_copy(update=others)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.target is None and self.warning is None and self.critical is None:
            raise ValueError("a threshold needs at least one of target, warning, critical")
        return self
