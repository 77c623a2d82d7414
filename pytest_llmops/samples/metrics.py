"""The metrics that one measurement yields, and how their names are built.

NAME is the whole call, NAME.ttft, NAME.tpot and NAME.error_rate its parts; a statistic is appended to any timed metric
(``generation_latency.ttft.p95``). Without one, ``typical`` is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.samples.series import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.samples.sample import Sample

STATISTICS = ("typical", "mean", "p50", "p90", "p95", "p99")

_PARTS: dict[str, Callable[[Sample], float | None]] = {
    "": lambda sample: sample.duration_s,
    ".ttft": lambda sample: sample.stream.ttft_s,
    ".tpot": lambda sample: sample.stream.tpot_s,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of one run: its name, its unit and its values.

    Attributes:
        name: NAME, NAME.ttft, NAME.tpot.
        unit: of the values; ``s`` for all timed metrics.
        series: the values, in time order.
    """

    name: str
    unit: str
    series: Series


def metrics_of(name: str, samples: Sequence[Sample]) -> list[Metric]:
    """The timed metrics that these samples carry; a part that no sample has (TTFT without a stream) is left out."""
    failures = sum(not sample.ok for sample in samples)
    found = []
    for suffix, part in _PARTS.items():
        pairs = [(value, s.prompt) for s in samples if s.ok and (value := part(s)) is not None]
        if pairs or not suffix:
            values, prompts = tuple(v for v, _ in pairs), tuple(p for _, p in pairs)
            found.append(Metric(name + suffix, "s", Series(values, prompts, failures)))
    return found


def split_statistic(name: str) -> tuple[str, str]:
    """Split ``generation_latency.p95`` into metric and statistic; ``typical`` where the name ends in none."""
    metric, _, last = name.rpartition(".")
    return (metric, last) if metric and last in STATISTICS else (name, "typical")
