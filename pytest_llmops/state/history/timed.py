"""What runs recorded of a target's times, each value with the run that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, union_all

from pytest_llmops.state.history.connecting import read
from pytest_llmops.state.history.groups import newest_of_each
from pytest_llmops.state.history.lately import AT_ONCE, RUNS
from pytest_llmops.state.history.tables import METRICS
from pytest_llmops.state.history.tables import RUNS as TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from sqlalchemy import Connection, Select

    from pytest_llmops.state.history.place import Place


@dataclass(frozen=True, slots=True)
class Timed:
    """A time that one run measured.

    Attributes:
        run: its id.
        at: its start, seconds since the epoch.
        commit: that was checked out; empty where that is not known.
        value: seconds.
        baseline: seconds, with which it was compared; None without one, and where another deployment was.
    """

    run: str
    at: float
    commit: str
    value: float
    baseline: float | None


def timed(
    place: Place, target: str, metrics: Iterable[str] | None, until: float, count: int = RUNS
) -> dict[str, list[Timed]]:
    """The newest values of times, oldest first, one a run; none of a measurement that was void.

    Args:
        place: where runs are kept.
        target: the target's name.
        metrics: names; None: all in seconds that were measured more than once in a run, or compared.
        until: seconds since the epoch; a run that began then counts.
        count: values of each, at most.

    Raises:
        HistoryError: it cannot be read.
    """
    asked = None if metrics is None else list(dict.fromkeys(metrics))

    def act(connection: Connection) -> dict[str, list[Timed]]:
        names = _timed_names(connection, target) if asked is None else asked
        found: dict[str, dict[float, Timed]] = {}
        for start in range(0, len(names), AT_ONCE):
            for row in connection.execute(_newest(target, names[start : start + AT_ONCE], until, count)):
                baseline = None if row.against else row.baseline
                one = Timed(row.run_id, row.started, row.commit, row.value, baseline)
                found.setdefault(row.name, {}).setdefault(row.started, one)
        return {name: [of[at] for at in sorted(of)][-count:] for name, of in found.items()}

    return read(place, act, {}) if asked is None or asked else {}


def _timed_names(connection: Connection, target: str) -> list[str]:
    rows = connection.execute(newest_of_each(METRICS, ("name", "good"), target)).all()
    return sorted({row.name for row in rows if row.unit == "s" and (row.state != "recorded" or row.n > 1)})


def _newest(target: str, names: Sequence[str], until: float, count: int) -> Select[Any]:
    """For each name, and whether it was good, a walk along the index from the newest on; and of which run each is."""
    columns = (METRICS.c.name, METRICS.c.run, METRICS.c.started, METRICS.c.value, METRICS.c.baseline)

    def walk(name: str, good: int) -> Select[Any]:
        same = (METRICS.c.target == target, METRICS.c.name == name, METRICS.c.good == good)
        measured = (METRICS.c.started <= until, METRICS.c.value > 0, METRICS.c.state != "void")
        newest = select(*columns).where(*same, *measured).order_by(METRICS.c.started.desc()).limit(count).subquery()
        return select(*newest.c)

    every = union_all(*(walk(name, good) for name in names for good in (0, 1))).subquery()
    of_run = (TABLE.c.id.label("run_id"), TABLE.c.commit, TABLE.c.against)
    return select(every, *of_run).join(TABLE, TABLE.c.number == every.c.run)
