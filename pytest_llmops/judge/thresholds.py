"""Thresholds: does a value hold what the profile asks of it?"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.target.thresholds import Limit, Threshold

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A threshold that did not hold.

    Attributes:
        severity: ``critical``, ``normal`` (warning) or ``minor`` (target).
        limit: the limit as written.
        reason: one line: metric, value, limit.
        fails: whether the test fails; a target with ``on_target_miss = "warn"`` only warns.
    """

    severity: str
    limit: str
    reason: str
    fails: bool = True


def threshold_for(metric: str, thresholds: Mapping[str, Threshold]) -> Threshold | None:
    """The threshold of a metric: by its exact name, else by the longest pattern (``*.error_rate``) that fits."""
    if metric in thresholds:
        return thresholds[metric]
    fitting = [name for name in thresholds if fits(name, metric)]
    return thresholds[max(fitting, key=len)] if fitting else None


NO_LIMIT = "no threshold judges it"


def no_limit(metric: str, example: str) -> str:
    """What to write where no threshold judges a metric that is there to be judged: names the key, without full stop."""
    return f'{NO_LIMIT}: give thresholds."{metric}" a limit in llmops.toml, such as {example}'


def fits(pattern: str, metric: str) -> bool:
    """Whether a pattern, in which ``*`` stands for any text, covers a metric's name."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), metric) is not None


def breach(metric: str, value: float | str, unit: str, threshold: Threshold) -> Breach | None:
    """The worst limit that the value does not hold; None if it holds all.

    Args:
        metric: its name, for the message.
        value: a number in ``unit``, or a word.
        unit: ``s`` for times, ``%``, another word, or empty for a bare number or share.
        threshold: the limits.

    Raises:
        ConfigError: the limit's unit does not fit the metric's, or a number is asked of a word.
    """
    critical, warning, target = threshold.critical, threshold.warning, threshold.target
    lasting = f" (asked: for {spoken(threshold.for_s)}; breached, duration unproven)" if threshold.for_s else ""
    shown = said(value, unit)
    if critical and _holds(metric, value, unit, critical):
        return Breach("critical", critical.text, f"{metric} is {shown}; that is critical ({critical.text}){lasting}")
    if warning and _holds(metric, value, unit, warning):
        return Breach("normal", warning.text, f"{metric} is {shown}; that is a warning ({warning.text}){lasting}")
    if target and not _holds(metric, value, unit, target):
        fails = threshold.on_target_miss == "fail"
        return Breach("minor", target.text, f"{metric} is {shown}; the target is {target.text}{lasting}", fails)
    return None


def said(value: float | str, unit: str) -> str:
    """A value as a person reads it."""
    if isinstance(value, str):
        return repr(value)
    if unit == "s":
        return spoken(value)
    return f"{_plain(value)} {unit}".strip()


def _plain(value: float) -> str:
    """Four digits, never with an exponent."""
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 or not value else f"{value:.6f}".rstrip("0").rstrip(".")


def _holds(metric: str, value: float | str, unit: str, limit: Limit) -> bool:
    if isinstance(limit.value, str):
        return (value == limit.value) == (limit.op == "==")
    if isinstance(value, str):
        raise ConfigError(f"the threshold of {metric} is {limit.text!r}, but {metric} is a word, {value!r}.")
    share = 1.0
    if limit.unit and limit.unit != unit:
        if (limit.unit, unit) != ("%", ""):
            raise ConfigError(f"the threshold of {metric} is {limit.text!r}, but {metric} is counted in {unit!r}.")
        share = 100.0
    return _COMPARE[limit.op](value, limit.value / share)
