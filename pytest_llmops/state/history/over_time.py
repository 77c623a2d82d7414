"""What a target's runs came to over some days, oldest first: values of a metric, runs, sign-offs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pytest_llmops.state.history.connecting import read
from pytest_llmops.state.history.signing import SignOff
from pytest_llmops.state.history.tables import CHECKS, METRICS, RUNS, SIGN_OFFS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from pytest_llmops.state.history.place import Place


@dataclass(frozen=True, slots=True)
class Kept:
    """One value that a run recorded.

    Attributes:
        at: start of the run, seconds since the epoch.
        value: in ``unit``.
        unit: as it was recorded.
    """

    at: float
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Names that one run recorded as ``NAME[each]``.

    Attributes:
        at: start of the run, seconds since the epoch.
        names: what stood in brackets.
    """

    at: float
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """One run.

    Attributes:
        at: its start, seconds since the epoch.
        exit_status: pytest's.
        outcomes: outcome to how many checks.
    """

    at: float
    exit_status: int
    outcomes: Mapping[str, int]


def values(place: Place, target: str, metric: str, since: float) -> list[Kept]:
    """What runs recorded of a metric, whatever was held against it: growth is growth.

    Raises:
        HistoryError: it cannot be read.
    """

    def act(connection: Connection) -> list[Kept]:
        chosen = select(METRICS.c.started, METRICS.c.value, METRICS.c.unit).where(
            METRICS.c.target == target,
            METRICS.c.name == metric,
            METRICS.c.good.in_((0, 1)),
            METRICS.c.started >= since,
            METRICS.c.value.is_not(None),
        )
        rows = connection.execute(chosen.order_by(METRICS.c.started, METRICS.c.id))
        return [Kept(row.started, row.value, row.unit) for row in rows]

    return read(place, act, [])


def listed(place: Place, target: str, metric: str, counted: str, since: float, until: float) -> Listed | None:
    """The names that the newest run of a period recorded in brackets behind a metric's name.

    Args:
        place: where runs are kept.
        target: the target's name.
        metric: before the brackets.
        counted: the metric that such a run records whether or not there are any.
        since: seconds since the epoch.
        until: the same; a run that began then is no longer of the period.

    Returns:
        None where no run of the period recorded ``counted``.

    Raises:
        HistoryError: it cannot be read.
    """

    def act(connection: Connection) -> Listed | None:
        counting = select(METRICS.c.run, METRICS.c.started).where(
            METRICS.c.target == target,
            METRICS.c.name == counted,
            METRICS.c.good.in_((0, 1)),
            METRICS.c.started >= since,
            METRICS.c.started < until,
        )
        newest = connection.execute(counting.order_by(METRICS.c.started.desc()).limit(1)).first()
        if newest is None:
            return None
        start = f"{metric}["
        named = select(METRICS.c.name).where(
            METRICS.c.run == newest.run, METRICS.c.name.startswith(start, autoescape=True)
        )
        names = (name.removeprefix(start).removesuffix("]") for name in connection.execute(named).scalars())
        return Listed(newest.started, tuple(sorted(set(names))))

    return read(place, act, None)


def runs(place: Place, target: str, since: float) -> list[EarlierRun]:
    """The runs, with their checks counted by outcome.

    Raises:
        HistoryError: it cannot be read.
    """

    def act(connection: Connection) -> list[EarlierRun]:
        mine = (RUNS.c.target == target, RUNS.c.started >= since)
        rows = connection.execute(select(RUNS).where(*mine).order_by(RUNS.c.started, RUNS.c.number)).all()
        counted = select(CHECKS.c.run, CHECKS.c.outcome, func.count()).join(RUNS, RUNS.c.number == CHECKS.c.run)
        found: dict[int, Counter[str]] = {}
        for number, outcome, count in connection.execute(counted.where(*mine).group_by(CHECKS.c.run, CHECKS.c.outcome)):
            found.setdefault(number, Counter())[outcome] = count
        return [EarlierRun(row.started, row.exit_status, found.get(row.number, Counter())) for row in rows]

    return read(place, act, [])


def sign_offs(place: Place, target: str, since: float) -> list[SignOff]:
    """The procedures that people carried out.

    Raises:
        HistoryError: it cannot be read.
    """

    def act(connection: Connection) -> list[SignOff]:
        chosen = select(SIGN_OFFS).where(SIGN_OFFS.c.target == target, SIGN_OFFS.c.at >= since)
        rows = connection.execute(chosen.order_by(SIGN_OFFS.c.at))
        return [SignOff(row.procedure, row.target, row.signed_by, row.note, row.at) for row in rows]

    return read(place, act, [])
