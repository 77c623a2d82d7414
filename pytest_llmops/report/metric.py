"""How a metric of ``run.json`` reads, in whatever report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.judge.thresholds import said
from pytest_llmops.target.thresholds import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORST_FIRST = (
    "broken",
    "regression",
    "void",
    "suspect",
    "inconclusive",
    "no-baseline",
    "not-comparable",
    "improvement",
)

ACCEPT = "pytest … --llmops-baseline record, then llmops baseline accept --replace"
"""How what was measured becomes what is normal."""


def state_of(metric: dict[str, Any]) -> str:
    """Its state; ``broken`` where a threshold did not hold, ``suspect`` where it is.

    An error rate of zero is never inconclusive: no failure is nothing to look at, however few the calls.
    """
    if (metric["threshold"] or {}).get("broken"):
        return "broken"
    if metric["suspect"]:
        return "suspect"
    return "recorded" if metric["state"] == "inconclusive" and is_quiet_rate(metric) else str(metric["state"])


def worst_first(metrics: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The metrics, the otherwise same order kept."""
    return sorted(metrics, key=_place)


def _place(metric: dict[str, Any]) -> int:
    state = state_of(metric)
    return WORST_FIRST.index(state) if state in WORST_FIRST else len(WORST_FIRST)


def worded(metric: dict[str, Any]) -> str:
    """Its state in words."""
    state = state_of(metric)
    if state == "broken":
        return f"broke {metric['threshold']['broken']}"
    return "inconclusive, suspect" if state == "suspect" else state


def sentence(metric: dict[str, Any]) -> str:
    """Its name, its value, the baseline and how they compare, and its state: ``latency 231 ms, baseline 138 ms, …``."""
    baseline, ratio, named = number(metric, "baseline"), times(metric), worded(metric)
    parts = [f"{metric['name']} {number(metric, 'value')}".strip()]
    parts += [f"baseline {baseline}"] if baseline else []
    parts += [f"{ratio} times worse"] if ratio else []
    return ", ".join([*parts, *([named] if named else [])])


def is_timed(metric: dict[str, Any]) -> bool:
    """Whether it is a time that was measured, and not one live value."""
    return bool(metric["unit"] == "s" and (metric["state"] != "recorded" or metric["n"] > 1))


def is_quiet_rate(metric: dict[str, Any]) -> bool:
    """Whether it is an error rate of zero."""
    return metric["name"].endswith(".error_rate") and not metric["value"]


def number(metric: dict[str, Any], key: str) -> str:
    """``value`` or ``baseline`` with its unit; empty where there is none."""
    value = metric[key]
    if value is None:
        return ""
    if metric["name"].endswith(".error_rate"):
        return f"{100 * value:.3g} %"
    return said(value, metric["unit"])


def asked(metric: dict[str, Any]) -> str:
    """The limit that it broke, else its mildest, with its level: ``critical > 5 %``; empty where none is."""
    limits = metric["threshold"] or {}
    broken = limits.get("broken")
    named = [f"{level} {limits[level]}" for level in LEVELS if limits.get(level) and broken in {None, limits[level]}]
    return next(iter(named), str(broken or ""))


def times(metric: dict[str, Any]) -> str:
    """How many times worse, with its limits where there are any; empty where nothing is compared."""
    if metric["ratio"] is None:
        return ""
    ratio, low, high = f"{metric['ratio']:.2f}", metric["low"], metric["high"]
    return ratio if low is None or high is None else f"{ratio} ({low:.2f}-{high:.2f})"


def names_in(metrics: Iterable[dict[str, Any]], state: str) -> list[str]:
    """Names of the metrics in that state."""
    return [metric["name"] for metric in metrics if state_of(metric) == state]


def names_by_reason(metrics: Iterable[dict[str, Any]], state: str) -> dict[str, list[str]]:
    """Why metrics are in that state: names by reason, which those of one measurement mostly share."""
    found: dict[str, list[str]] = {}
    for metric in metrics:
        if state_of(metric) == state:
            found.setdefault(metric["reason"], []).append(metric["name"])
    return found


def missing_by_reason(missing: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Missing metrics: names by what is to be said of them, which those of one measurement mostly share."""
    found: dict[str, list[str]] = {}
    for one in missing:
        reason = str(one["reason"]).removeprefix(f"{one['metric']} has a baseline, but ")
        found.setdefault(reason, []).append(one["metric"])
    return found


def sentences(reason: str) -> list[str]:
    """The plain words of a failure, without its place and reproduction."""
    return [line for line in reason.splitlines() if line and not line.startswith("  ")][:4]


def so_many(count: int, word: str) -> str:
    """``1 check``, ``9 checks``."""
    return f"{count} {word}{'' if count == 1 else 's'}"
