"""Health is a predicate over status and body: a 200 alone is not health."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmops.clients.http import Answer
    from pytest_llmops.target.routes import Health


AHEAD_S = 5.0
"""How far a server's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What a health route said.

    Attributes:
        healthy: status, accepted values and dependencies together.
        reason: one line: all of what is wrong, or that nothing is.
        dependencies: the state of each, as the route words it.
        unhealthy: names of the dependencies that are not accepted.
        elapsed_s: how long the route took.
        age_s: how old its timestamp is; None where it gives none that can be read.
    """

    healthy: bool
    reason: str
    dependencies: Mapping[str, Any] = field(default_factory=dict)
    unhealthy: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    age_s: float | None = None


def health_report(answer: Answer, rule: Health) -> HealthReport:
    """Judge a health route's answer by the profile's rule.

    Raises:
        CallFailed: the body is no JSON where the rule looks into it.
    """
    wrong: list[str] = []
    if answer.status not in rule.status:
        moved = f"; a redirect is not followed: {answer.moved}" if answer.moved else ""
        wrong.append(f"{answer.asked} answered {answer.status}, accepted is {_either(rule.status)}{moved}")
    looks_inside = bool(rule.accept or rule.dependencies or rule.timestamp)
    if wrong and looks_inside and not answer.is_json:
        return HealthReport(False, f"{answer.component}: {wrong[0]}", elapsed_s=answer.elapsed_s)
    body = answer.json() if looks_inside else None
    for path, accepted in rule.accept.items():
        found = jmespath.search(path, body)
        if found not in accepted:
            wrong.append(
                f"{answer.asked} answered {answer.status} but {path} is {found!r}, accepted is {_either(accepted)}"
            )
    states = {name: jmespath.search(part.path, body) for name, part in rule.dependencies.items()}
    bad = tuple(name for name, part in rule.dependencies.items() if states[name] not in part.accept)
    wrong += [f"dependency {name} is {states[name]!r}" for name in bad]
    moment = moment_of(jmespath.search(rule.timestamp, body)) if rule.timestamp else None
    age_s = None if moment is None else time.time() - moment
    if age_s is not None and age_s < -AHEAD_S:
        wrong.append(f"{answer.asked} gives a time {spoken(-age_s)} in the future")
    said = f"{answer.component}: {'; '.join(wrong)}" if wrong else f"{answer.component}: healthy"
    return HealthReport(not wrong, said, states, bad, answer.elapsed_s, age_s)


def _either(values: Iterable[Any]) -> str:
    return " or ".join(repr(value) for value in values)


def moment_of(stamp: object) -> float | None:
    """Epoch seconds of such a number (or of milliseconds), or of an ISO 8601 text (without a zone: UTC); else None."""
    if isinstance(stamp, int | float) and not isinstance(stamp, bool):
        return float(stamp) / (1000 if stamp > 1e11 else 1)
    if not isinstance(stamp, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
