"""What ``llmops history`` asks: runs, checks, values of metrics; the newest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pytest_llmops.state.history.groups import newest_of_each, newest_rows, plain
from pytest_llmops.state.history.tables import CARRIED, CHECKS, METRICS, RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row, Select, Table

Found = list[dict[str, Any]]


@dataclass(frozen=True)
class Filters:
    """What is asked for; names are exact, parts of a name, or patterns with ``*``.

    Attributes:
        target, check, metric, procedure, suite: names; None: all.
        outcome: of a check.
        since, until: seconds since the epoch.
        limit: how many at most.
    """

    target: str | None = None
    check: str | None = None
    metric: str | None = None
    procedure: str | None = None
    suite: str | None = None
    outcome: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 20

    @property
    def of_checks(self) -> bool:
        """Whether checks are asked for, and not runs."""
        return bool(self.check or self.procedure or self.outcome)


def matching(word: str | None, names: Iterable[str]) -> list[str]:
    """Those names that a filter means: the very name; else by its pattern; else those that it is a part of."""
    known = list(dict.fromkeys(names))
    if word is None or word in known:
        return known if word is None else [word]
    if any(sign in word for sign in "*?"):
        return [name for name in known if fnmatchcase(name, word)]
    return [name for name in known if word in name]


def targets(connection: Connection) -> list[str]:
    """All whose runs are kept."""
    names = select(func.min(RUNS.c.target).label("target")).cte("targets_found", recursive=True)
    after = select(func.min(RUNS.c.target)).where(names.c.target < RUNS.c.target).scalar_subquery()
    names = names.union_all(select(after).where(names.c.target.is_not(None)))
    return [name for name in connection.execute(select(names.c.target)).scalars() if name is not None]


def runs(connection: Connection, asked: Filters) -> Found:
    """Runs, each with its checks counted by outcome, and by outcome and category: ``checks``, ``kinds``."""
    chosen = _within(select(RUNS), RUNS, asked)
    if asked.target is not None:
        chosen = chosen.where(RUNS.c.target.in_(matching(asked.target, targets(connection))))
    if asked.suite is not None:
        chosen = chosen.where(
            select(CHECKS.c.id).where(CHECKS.c.run == RUNS.c.number, CHECKS.c.suite == asked.suite).exists()
        )
    rows = connection.execute(chosen.order_by(RUNS.c.started.desc(), RUNS.c.number.desc()).limit(asked.limit)).all()
    kind = (CHECKS.c.run, CHECKS.c.outcome, CHECKS.c.category)
    counted = select(*kind, func.count()).where(CHECKS.c.run.in_([row.number for row in rows])).group_by(*kind)
    outcomes: dict[int, Counter[str]] = {row.number: Counter() for row in rows}
    kinds: dict[int, Found] = {row.number: [] for row in rows}
    for number, outcome, category, count in connection.execute(counted):
        outcomes[number][outcome] += count
        kinds[number].append({"outcome": outcome, "category": category, "count": count})
    return [{**plain(row), "checks": dict(outcomes[row.number]), "kinds": kinds[row.number]} for row in rows]


def checks(connection: Connection, asked: Filters) -> tuple[Found, list[str]]:
    """Checks; and, where none matches, all names that one was looked for among."""
    table, keys = (CARRIED, ("procedure", "test", "weight")) if asked.procedure else (CHECKS, ("test", "outcome"))
    every = connection.execute(newest_of_each(table, keys)).all()
    groups = _meant(every, asked.target, "target")
    groups = _meant(_meant(groups, asked.procedure, "procedure"), asked.check, "test")
    if table is CHECKS:
        groups = [row for row in groups if asked.outcome in {None, row.outcome} and asked.suite in {None, row.suite}]

    def rows_of(group: Row[Any]) -> Select[Any]:
        these = [table.c[name] == getattr(group, name) for name in ("target", *keys)]
        chosen = select(CHECKS).where(*these)
        if table is CARRIED:
            same = (CARRIED.c.run == CHECKS.c.run) & (CARRIED.c.test == CHECKS.c.test)
            chosen = select(CHECKS).join(CARRIED, same).where(*these)
            chosen = chosen if asked.outcome is None else chosen.where(CARRIED.c.outcome == asked.outcome)
            chosen = chosen if asked.suite is None else chosen.where(CHECKS.c.suite == asked.suite)
        return _within(chosen, table, asked).order_by(table.c.started.desc())

    rows = newest_rows(connection, groups, rows_of, asked.limit, all_groups=asked.until is not None)
    found = [plain(row) for row in rows]
    _named(connection, found)
    word = "procedure" if asked.procedure else "test"
    return found, [] if groups else sorted({getattr(row, word) for row in every})


def metrics(connection: Connection, asked: Filters) -> tuple[Found, list[str]]:
    """Values of metrics; and, where none matches, all names of metrics."""
    keys = ("name", "good")
    every = connection.execute(newest_of_each(METRICS, keys)).all()
    groups = _meant(_meant(every, asked.target, "target"), asked.metric, "name")
    groups = _meant(groups, asked.check, "test")

    def rows_of(group: Row[Any]) -> Select[Any]:
        these = [METRICS.c[name] == getattr(group, name) for name in ("target", *keys)]
        return _within(select(METRICS).where(*these), METRICS, asked).order_by(METRICS.c.started.desc())

    rows = newest_rows(connection, groups, rows_of, asked.limit, all_groups=asked.until is not None)
    found = [plain(row) for row in rows]
    _named(connection, found)
    return found, [] if groups else sorted({row.name for row in every})


def _meant(groups: Sequence[Row[Any]], word: str | None, column: str) -> Sequence[Row[Any]]:
    if word is None:
        return groups
    names = set(matching(word, (getattr(row, column) for row in groups)))
    return [row for row in groups if getattr(row, column) in names]


def _within(chosen: Select[Any], table: Table, asked: Filters) -> Select[Any]:
    if asked.since is not None:
        chosen = chosen.where(table.c.started >= asked.since)
    return chosen if asked.until is None else chosen.where(table.c.started <= asked.until)


def _named(connection: Connection, found: Found) -> None:
    """Put the runs' own names in place of their numbers."""
    known = select(RUNS.c.number, RUNS.c.id).where(RUNS.c.number.in_({one["run"] for one in found}))
    ids = {row.number: row.id for row in connection.execute(known)}
    for one in found:
        one["run"] = ids[one["run"]]
