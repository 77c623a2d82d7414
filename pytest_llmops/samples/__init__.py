"""What was sent and what came back, in numbers: pure data, no I/O."""

from pytest_llmops.samples.metrics import STATISTICS, Metric, metrics_of, split_statistic
from pytest_llmops.samples.sample import Sample, Stream
from pytest_llmops.samples.series import Series
from pytest_llmops.samples.workload import Prompt, Workload

__all__ = [
    "STATISTICS",
    "Metric",
    "Prompt",
    "Sample",
    "Series",
    "Stream",
    "Workload",
    "metrics_of",
    "split_statistic",
]
