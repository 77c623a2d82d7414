"""What JUnit's files, and whatever else reads a test's properties, say of a check beside its outcome."""

from __future__ import annotations

from typing import Any

from pytest_llmops.report.metric import number, times, worded

PREFIX = "llmops."
"""By it our properties are known from those that a test records itself."""

ONCE = ("procedures", "target", "outcome", "category", "severity")


def properties(check: dict[str, Any], target: str) -> list[tuple[str, str]]:
    """Name and value of each; what is empty is left out.

    Args:
        check: as in ``run.json``.
        target: its name.

    Returns:
        ``llmops.procedures`` and so on, and for each metric ``llmops.metric.NAME`` and its ``.baseline``, ``.ratio``
        (times worse, with its limits) and ``.verdict``.
    """
    own = {**check, "target": target, "procedures": " ".join(check["procedures"])}
    found = [(f"{PREFIX}{key}", str(own[key])) for key in ONCE]
    for metric in check["metrics"]:
        name = f"{PREFIX}metric.{metric['name']}"
        found += [
            (name, number(metric, "value")),
            (f"{name}.baseline", number(metric, "baseline")),
            (f"{name}.ratio", times(metric)),
            (f"{name}.verdict", worded(metric)),
        ]
    return [(name, value) for name, value in found if value]
