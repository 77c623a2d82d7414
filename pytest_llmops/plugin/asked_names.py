"""Metrics that a target's file names and no check measured: a mistyped name would never speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_llmops.target.load import Target


def own_primaries(target: Target) -> list[str]:
    """Names in ``baseline.primary`` that the file gives itself, the profile's left out."""
    from pytest_llmops.target.profiles import read

    given = read(target.table.profile).get("baseline", {}).get("primary", [])
    return [name for name in target.table.baseline.primary if name not in given]


def unmatched(target: Target, measured: Collection[str]) -> dict[str, str]:
    """The file's own thresholds, primaries and points that fit no metric: by name, where it stands and what is near.

    Args:
        target: whose file names them.
        measured: names of all metrics of the run.
    """
    from pytest_llmops.judge.thresholds import fits

    names = dict.fromkeys(target.table.baseline.points, "has a point")
    names |= dict.fromkeys(own_primaries(target), "is in baseline.primary")
    found = {name: where for name, where in names.items() if not _is_measured(name, measured)}
    for name in target.own_thresholds:
        if not any(fits(name, metric) for metric in measured):
            found.setdefault(name, "has a threshold")
    return found


def missing_primaries(target: Target, measured: Collection[str]) -> list[dict[str, Any]]:
    """The file's own primaries that a whole run did not measure, as in ``run.json``: what they name gates nothing.

    Args:
        target: whose file names them.
        measured: names of all metrics of the run.
    """
    return [
        {"metric": name, "check": "", "reason": f"{name} is in baseline.primary, but no check measured it.{near}"}
        for name in own_primaries(target)
        if not _is_measured(name, measured)
        for near in [did_you_mean(name, measured)]
    ]


def _is_measured(name: str, measured: Collection[str]) -> bool:
    """Whether a metric, or the metric of a statistic, is there; whether its tail could be told is another matter."""
    from pytest_llmops.samples import split_statistic

    return name in measured or split_statistic(name)[0] in measured
