"""The newest values of several metrics, up to a moment: how each came to where it is now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union_all

from pytest_llmops.state.history.connecting import read
from pytest_llmops.state.history.rows import held_against
from pytest_llmops.state.history.tables import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Select

    from pytest_llmops.state.history.place import Place

RUNS = 30
"""Values of a metric, one a run."""

AT_ONCE = 100
"""Metrics that are asked for together: SQLite joins at most 500 questions, and each metric is two."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one run recorded of a metric.

    Attributes:
        at: start of the run, seconds since the epoch.
        value: in the metric's unit.
        good: whether nothing was held against it; its check may have failed over something else.
    """

    at: float
    value: float
    good: bool


def lately(
    place: Place, target: str, metrics: Iterable[str], until: float, count: int = RUNS
) -> dict[str, list[Recorded]]:
    """The newest values of metrics, oldest first; of several in one run one that was not good, where any is.

    Args:
        place: where runs are kept.
        target: the target's name.
        metrics: names; one that no run recorded is not in the answer.
        until: seconds since the epoch; a run that began then counts.
        count: values of each, at most.

    Raises:
        HistoryError: it cannot be read.
    """
    names = list(dict.fromkeys(metrics))

    def act(connection: Connection) -> dict[str, list[Recorded]]:
        found: dict[str, dict[float, Recorded]] = {}
        for start in range(0, len(names), AT_ONCE):
            for row in connection.execute(_newest(target, names[start : start + AT_ONCE], until, count)):
                one, of = _recorded(row), found.setdefault(row.name, {})
                of[row.started] = min(one, of.get(row.started, one), key=lambda known: known.good)
        return {name: [of[at] for at in sorted(of)][-count:] for name, of in found.items()}

    return read(place, act, {}) if names else {}


def _recorded(row: Any) -> Recorded:
    limits = json.loads(row.threshold) if row.threshold else None
    return Recorded(row.started, row.value, not held_against(row.state, limits))


def _newest(target: str, names: Sequence[str], until: float, count: int) -> Select[Any]:
    """For each name, and whether its check was good, a walk along the index from the newest on."""
    columns = (METRICS.c.name, METRICS.c.started, METRICS.c.value, METRICS.c.state, METRICS.c.threshold)

    def walk(name: str, good: int) -> Select[Any]:
        same = (METRICS.c.target == target, METRICS.c.name == name, METRICS.c.good == good)
        chosen = select(*columns).where(*same, METRICS.c.started <= until, METRICS.c.value.is_not(None))
        newest = chosen.order_by(METRICS.c.started.desc()).limit(count).subquery()
        return select(*newest.c)

    every = union_all(*(walk(name, good) for name in names for good in (0, 1))).subquery()
    return select(*every.c)
