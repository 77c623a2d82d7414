"""A run is kept once, whole; older ones are forgotten when their time is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from pytest_llmops.state.history.connecting import write
from pytest_llmops.state.history.inserting import unless_there
from pytest_llmops.state.history.rows import carried_rows, check_rows, metric_rows, run_row
from pytest_llmops.state.history.tables import CARRIED, CHECKS, METRICS, OF_RUNS, RUNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from pytest_llmops.state.history.place import Place

FORGOTTEN_AT_ONCE = 100
"""Runs, so that the end of a run never takes long; what is left goes with the next ones."""

MADE_BY_ROWS = ((CHECKS, check_rows), (METRICS, metric_rows), (CARRIED, carried_rows))


def keep(place: Place, result: Mapping[str, Any]) -> bool:
    """Keep a run, in one transaction.

    Args:
        place: the history.
        result: the run as in ``run.json``, without secrets.

    Returns:
        Whether it is new there; a run that is kept already stays as it is.

    Raises:
        HistoryError: the history cannot be written.
        KeyError, TypeError, ValueError: this is no run's outcome.
    """
    run_row(result)  # complains before the database is opened

    def act(connection: Connection) -> bool:
        new = add(connection, result)
        forget(connection, str(result["target"]), time.time() - place.keep_s)
        return new

    return write(place, act)


def add(connection: Connection, result: Mapping[str, Any]) -> bool:
    """Insert a run with all its rows, unless it is there; returns whether it was inserted."""
    number = connection.execute(unless_there(connection, RUNS).returning(RUNS.c.number), run_row(result)).scalar()
    if number is None:
        return False
    for table, rows_of in MADE_BY_ROWS:
        if rows := rows_of(result, number):
            connection.execute(insert(table), rows)
    return True


def forget(connection: Connection, target: str, before: float) -> int:
    """Delete a target's runs that began before a moment, the oldest first; returns how many.

    Another process may be at the same: what it has in hands is left to it.
    """
    old = select(RUNS.c.number).where(RUNS.c.target == target, RUNS.c.started < before).order_by(RUNS.c.started)
    chosen = old.limit(FORGOTTEN_AT_ONCE).with_for_update(skip_locked=True)
    numbers = list(connection.execute(chosen).scalars())
    if numbers:
        for table in OF_RUNS:
            connection.execute(delete(table).where(table.c.run.in_(numbers)))
        connection.execute(delete(RUNS).where(RUNS.c.number.in_(numbers)))
    return len(numbers)
