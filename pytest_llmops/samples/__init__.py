"""What was sent and what came back, in numbers: pure data, no I/O."""

from pytest_llmops.samples.metrics import (
    COLD_LOAD,
    PARTS,
    STATISTICS,
    Metric,
    cold_load_of,
    metrics_of,
    split_statistic,
)
from pytest_llmops.samples.sample import COLD_S, Sample, Stream
from pytest_llmops.samples.series import ONCE, Series
from pytest_llmops.samples.workload import Prompt, Workload

__all__ = [
    "COLD_LOAD",
    "COLD_S",
    "ONCE",
    "PARTS",
    "STATISTICS",
    "Metric",
    "Prompt",
    "Sample",
    "Series",
    "Stream",
    "Workload",
    "cold_load_of",
    "metrics_of",
    "split_statistic",
]
