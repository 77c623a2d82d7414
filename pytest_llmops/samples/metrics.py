"""The metrics that one measurement yields, and how their names are built.

NAME is the whole call, NAME.ttft, NAME.ttfo, NAME.tpot, NAME.cold_load and NAME.error_rate its parts; a statistic is
appended to any timed metric (``generation_latency.ttft.p95``). Without one, ``typical`` is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.samples.series import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.samples.sample import Sample

STATISTICS = ("typical", "mean", "p50", "p90", "p95", "p99")

COLD_LOAD = ".cold_load"
"""The part that cold calls yield, and nothing else of them: thresholds alone judge it."""

_PARTS: dict[str, Callable[[Sample], float | None]] = {
    "": lambda sample: sample.duration_s,
    ".ttft": lambda sample: sample.stream.ttft_s,
    ".ttfo": lambda sample: sample.stream.first_answer_s,
    ".tpot": lambda sample: sample.stream.tpot_s,
}
PARTS = tuple(_PARTS)
"""Of a measurement's name: its timed metrics that are compared."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of one run: its name, its unit and its values.

    Attributes:
        name: NAME, NAME.ttft, NAME.ttfo, NAME.tpot, NAME.cold_load.
        unit: of the values; ``s`` for all timed metrics.
        series: the values, in time order.
    """

    name: str
    unit: str
    series: Series


def metrics_of(name: str, samples: Sequence[Sample]) -> list[Metric]:
    """The timed metrics that these samples carry; a part that no sample has (TTFT without a stream) is left out.

    Calls for which the model was loaded are in NAME.cold_load alone. NAME.ttfo is there where any answer was reasoned
    about; an answer that was not has it all the same: its first token.
    """
    failures = sum(not sample.ok for sample in samples)
    warm = [sample for sample in samples if sample.ok and not sample.cold]
    reasoned = any(sample.stream.reasoned for sample in warm)
    found = []
    for suffix, part in _PARTS.items():
        pairs = [(value, s.prompt) for s in warm if (value := part(s)) is not None]
        if (pairs or not suffix) and (suffix != ".ttfo" or reasoned):
            found.append(_metric(name + suffix, pairs, failures))
    return found


def cold_load_of(name: str, samples: Sequence[Sample]) -> Metric | None:
    """NAME.cold_load: what loading the model took, of each cold call; None where there was none."""
    pairs = [(s.stream.load_s, s.prompt) for s in samples if s.cold and s.stream.load_s is not None]
    return _metric(name + COLD_LOAD, pairs, 0) if pairs else None


def _metric(name: str, pairs: Sequence[tuple[float, str]], failures: int) -> Metric:
    return Metric(name, "s", Series(tuple(v for v, _ in pairs), tuple(p for _, p in pairs), failures))


def split_statistic(name: str) -> tuple[str, str]:
    """Split ``generation_latency.p95`` into metric and statistic; ``typical`` where the name ends in none."""
    metric, _, last = name.rpartition(".")
    return (metric, last) if metric and last in STATISTICS else (name, "typical")
