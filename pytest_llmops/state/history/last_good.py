"""When something that is red now was last well on this target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from pytest_llmops.state.history.connecting import read
from pytest_llmops.state.history.tables import CHECKS, METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from pytest_llmops.state.history.place import Place


@dataclass(frozen=True)
class LastGood:
    """What the history knows of a check.

    Attributes:
        passed: start of the last run in which it passed, seconds since the epoch; None where it never did.
        values: metric to its last good value, and the start of that run.
    """

    passed: float | None = None
    values: dict[str, tuple[float, float]] = field(default_factory=dict)


def last_good(place: Place, target: str, test: str, metrics: Iterable[str]) -> LastGood:
    """Look it up.

    Args:
        place: the history.
        target: whose.
        test: key of the check.
        metrics: those that are not well now. A value is good if its check passed, and nothing was held against it.

    Raises:
        HistoryError: the history cannot be read, or not in time.
    """

    def act(connection: Connection) -> LastGood:
        when = select(CHECKS.c.started).where(
            CHECKS.c.target == target, CHECKS.c.test == test, CHECKS.c.outcome == "passed"
        )
        passed = connection.execute(when.order_by(CHECKS.c.started.desc()).limit(1)).scalar()
        values = {}
        for name in metrics:
            those = select(METRICS.c.value, METRICS.c.started).where(
                METRICS.c.target == target, METRICS.c.name == name, METRICS.c.good == 1
            )
            if row := connection.execute(those.order_by(METRICS.c.started.desc()).limit(1)).first():
                values[name] = (row.value, row.started)
        return LastGood(passed, values)

    return read(place, act, LastGood())
