"""PromQL over series that are in memory: the part of it that runbooks use, reckoned as Prometheus reckons it."""

from pytest_llmops.promql.asking import instant, over, parse
from pytest_llmops.promql.memory import Labels, Memory, labels_of
from pytest_llmops.promql.refusal import PromqlError
from pytest_llmops.promql.rules import Active, AlertRule, Watch

__all__ = [
    "Active",
    "AlertRule",
    "Labels",
    "Memory",
    "PromqlError",
    "Watch",
    "instant",
    "labels_of",
    "over",
    "parse",
]
