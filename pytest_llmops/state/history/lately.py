"""The newest values of several metrics, up to a moment: how each came to where it is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, union_all

from pytest_llmops.state.history.connecting import read
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
        good: whether its check passed, and nothing was held against it.
    """

    at: float
    value: float
    good: bool


def lately(
    place: Place, target: str, metrics: Iterable[str], until: float, count: int = RUNS
) -> dict[str, list[Recorded]]:
    """The newest values of metrics, oldest first; of a run that recorded one several times, one of them.

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
                found.setdefault(row.name, {})[row.started] = Recorded(row.started, row.value, bool(row.good))
        return {name: [of[at] for at in sorted(of)][-count:] for name, of in found.items()}

    return read(place, act, {}) if names else {}


def _newest(target: str, names: Sequence[str], until: float, count: int) -> Select[tuple[str, float, float, int]]:
    """For each name, and whether it was good, a walk along the index from the newest on."""
    columns = (METRICS.c.name, METRICS.c.started, METRICS.c.value, METRICS.c.good)

    def walk(name: str, good: int) -> Select[tuple[str, float, float, int]]:
        same = (METRICS.c.target == target, METRICS.c.name == name, METRICS.c.good == good)
        chosen = select(*columns).where(*same, METRICS.c.started <= until, METRICS.c.value.is_not(None))
        newest = chosen.order_by(METRICS.c.started.desc()).limit(count).subquery()
        return select(newest.c.name, newest.c.started, newest.c.value, newest.c.good)

    every = union_all(*(walk(name, good) for name in names for good in (0, 1))).subquery()
    return select(every.c.name, every.c.started, every.c.value, every.c.good)
