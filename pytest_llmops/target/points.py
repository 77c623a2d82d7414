"""A team's own number as a baseline: where it stands, and what it is counted in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from pytest_llmops.errors import did_you_mean
from pytest_llmops.target.table import JmesPath, Table
from pytest_llmops.target.thresholds import MEANT

TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
"""Seconds of each unit of time."""

RATES = ("1/s", "tokens/s")
_ALSO_WRITTEN = {
    **MEANT,
    **dict.fromkeys(("rps", "qps", "req/s", "requests/s", "queries/s", "/s", "Hz", "per second"), "1/s"),
    **dict.fromkeys(("tps", "tok/s", "token/s", "t/s", "tokens per second", "tokens/sec"), "tokens/s"),
    "m": "min",
}


def _known(unit: str) -> str:
    if unit in TIMES or unit in RATES:
        return unit
    meant = _ALSO_WRITTEN.get(unit.strip(), "")
    near = f" Did you mean {meant!r}?" if meant in TIMES or meant in RATES else did_you_mean(unit, (*TIMES, *RATES))
    known = f"{', '.join(TIMES)} for times, {', '.join(RATES)} for rates"
    raise ValueError(f"{unit!r} is no unit of a point.{near} Known: {known}")


Unit = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": [*TIMES, *RATES]})]


class Point(Table):
    """One number that a metric is compared with, ``[targets.NAME.baseline.points]``."""

    file: str = Field(min_length=1, description="A JSON file, relative to llmops.toml.")
    value: JmesPath = Field(description="JMESPath of the number, e.g. 'performance.latency_p95_ms'.")
    unit: Unit = Field("s", description="Of the number: s, ms, us, min; or 1/s and tokens/s for rates.")

    @property
    def metric_unit(self) -> str:
        """What a metric must be counted in to be compared with it: ``s`` for every time, else the rate."""
        return "s" if self.unit in TIMES else self.unit
