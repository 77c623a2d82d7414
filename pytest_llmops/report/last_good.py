"""When something that is red was last well, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.report.metric import number, sentences
from pytest_llmops.target.moments import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAST_GOOD = "; last good: "
LAST_PASSED = "last passed on "


def with_last_good(lines: Sequence[str], metrics: Sequence[Mapping[str, Any]], passed: float | None) -> list[str]:
    """The sentences of a failure, with the last good value of each metric beside its own; else when it last passed.

    Args:
        lines: each begins with the name of the metric that it is about, if it is about one.
        metrics: of the check, as in ``run.json``.
        passed: when the check last passed, seconds since the epoch.
    """
    said, known = list(lines), [metric for metric in metrics if metric.get("last_good")]
    for metric in known:
        words = f"{LAST_GOOD}{_good(metric)}"
        about = (f"{metric['name']} ", f"{metric['name']}:")
        place = next((index for index, line in enumerate(said) if line.startswith(about)), None)
        if place is None:
            said.append(f"{metric['name']}{words}")
        else:
            said[place] = f"{said[place].rstrip('.')}{words}"
    return said if known else [*said, *passed_line(passed)]


def passed_line(passed: float | None) -> list[str]:
    """One line; none where it is not known."""
    return [] if passed is None else [f"{LAST_PASSED}{moment(passed)}"]


def told(check: Mapping[str, Any]) -> list[str]:
    """The plain words of a check that is not green, and when it last passed where they do not say it themselves."""
    lines = sentences(check["reason"])
    said = any(LAST_PASSED in line for line in lines) or any(metric.get("last_good") for metric in check["metrics"])
    return lines if said or not lines else [*lines, *passed_line(check.get("last_passed"))]


def in_short(check: Mapping[str, Any]) -> list[str]:
    """The first of these words, and when it last passed."""
    lines = told(check)
    return [*lines[:1], *(line for line in lines[1:] if line.startswith(LAST_PASSED))]


def _good(metric: Mapping[str, Any]) -> str:
    good = metric["last_good"]
    return f"{number({**metric, 'value': good['value']}, 'value')} on {moment(good['started'])}"
