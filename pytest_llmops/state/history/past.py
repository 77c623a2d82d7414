"""The past of an embedded target: earlier runs, made up as its profile says, in a history of the run's own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from pytest_llmops import __version__
from pytest_llmops.state.history.connecting import write
from pytest_llmops.state.history.writing import add
from pytest_llmops.target.durations import DAY_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pytest_llmops.state.history.place import Place
    from pytest_llmops.target.growth import Grown, Past

SPREAD = 0.02
"""Sd of a made-up value around its line, as a share of it: no real figure lies on one."""

CHECK = "sandbox/past"
"""The check that recorded what is made up."""


def lay(place: Place, target: str, profile: str, past: Past, now: float) -> int:
    """Put the earlier runs of an embedded target into an empty history; returns how many.

    Args:
        place: a history of the run directory, never the user's.
        target: the target's name.
        profile: its profile.
        past: what they recorded.
        now: seconds since the epoch.
    """
    made = list(_runs(target, profile, past, now))

    def act(connection: Connection) -> int:
        return sum(add(connection, run) for run in made)

    return write(place, act)


def _runs(target: str, profile: str, past: Past, now: float) -> Iterator[dict[str, Any]]:
    count = max(1, round(past.days * DAY_S / past.every))
    for number in range(count + 1):
        started = now - past.newest - (count - number) * past.every
        metrics = [_metric(name, grown, number, count) for name, grown in past.metrics.items()]
        yield {
            "id": f"past-{number}",
            "version": __version__,
            "target": target,
            "profile": profile,
            "environment": "sandbox",
            "against": None,
            "started": started,
            "duration_s": 30.0,
            "exit_status": 0,
            "spent": {"requests": 0, "tokens": 0, "seconds": 0.0},
            "checks": [
                {
                    "test": CHECK,
                    "suite": "daily",
                    "section": "",
                    "procedures": [],
                    "outcome": "passed",
                    "category": "",
                    "severity": "",
                    "reason": "",
                    "duration_s": 0.1,
                    "metrics": metrics,
                }
            ],
        }


def _metric(name: str, grown: Grown, number: int, count: int) -> dict[str, Any]:
    exact = grown.first + (grown.last - grown.first) * number / count
    wobble = random.Random(f"{name} {number}").gauss(0, SPREAD)  # noqa: S311 (the same in every run is the point)
    nothing = dict.fromkeys(("baseline", "ratio", "low", "high", "threshold"))
    value = exact if grown.counts else exact * (1 + wobble)
    return {"name": name, "unit": grown.unit, "value": value, **nothing, "n": 1, "state": "recorded", "suspect": False}
