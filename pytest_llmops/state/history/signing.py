"""Sign-offs: what a person has carried out, and when procedures last were, by whomever."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import select

from pytest_llmops.state.history.connecting import READING_S, read, write
from pytest_llmops.state.history.groups import newest_of_each
from pytest_llmops.state.history.inserting import unless_there
from pytest_llmops.state.history.rows import ATTEMPTED, CARRIED_OUT
from pytest_llmops.state.history.tables import CARRIED, SIGN_OFFS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pytest_llmops.state.history.place import Place


@dataclass(frozen=True)
class SignOff:
    """A person's word that a procedure was carried out.

    Attributes:
        procedure: its id.
        target: on which deployment.
        by: who says so.
        note: what was found.
        at: when it was carried out, seconds since the epoch.
    """

    procedure: str
    target: str
    by: str
    note: str
    at: float


@dataclass(frozen=True)
class Verdict:
    """What a test said of a procedure.

    Attributes:
        outcome: as in ``run.json``.
        at: start of the run.
        test: the check's key.
    """

    outcome: str
    at: float
    test: str


@dataclass
class Done:
    """What is known of the procedures on one target, by id.

    Attributes:
        last: the newest verdict, also where it is only an error.
        carried_out: when one was last carried out, whatever came of it: passed, failed or waived.
        tests: keys of the checks that bind it.
        signed: the newest sign-off.
    """

    last: dict[str, Verdict] = field(default_factory=dict)
    carried_out: dict[str, float] = field(default_factory=dict)
    tests: dict[str, set[str]] = field(default_factory=dict)
    signed: dict[str, SignOff] = field(default_factory=dict)


def sign(place: Place, signed: SignOff) -> None:
    """Keep a sign-off; it is never forgotten.

    Raises:
        HistoryError: it cannot be written.
    """
    row = {
        "id": uuid4().hex,
        "procedure": signed.procedure,
        "target": signed.target,
        "signed_by": signed.by,
        "note": signed.note,
        "at": signed.at,
        "recorded": time.time(),
    }

    def act(connection: Connection) -> None:
        connection.execute(unless_there(connection, SIGN_OFFS), row)

    write(place, act)


def signed_on(place: Place, target: str) -> dict[str, list[float]]:
    """All sign-offs of a target: procedure to when it was carried out, seconds since the epoch, the oldest first.

    Raises:
        HistoryError: it cannot be read.
    """
    return read(place, lambda connection: _signed(connection, target), {})


def _signed(connection: Connection, target: str) -> dict[str, list[float]]:
    chosen = select(SIGN_OFFS.c.procedure, SIGN_OFFS.c.at).where(SIGN_OFFS.c.target == target)
    found: dict[str, list[float]] = {}
    for row in connection.execute(chosen.order_by(SIGN_OFFS.c.at)):
        found.setdefault(row.procedure, []).append(row.at)
    return found


def done_on(place: Place, target: str, *, within_s: float = READING_S) -> Done:
    """What the history knows of every procedure on a target.

    Raises:
        HistoryError: it cannot be read.
    """
    return read(place, lambda connection: _done(connection, target), Done(), within_s=within_s)


def _done(connection: Connection, target: str) -> Done:
    done = Done()
    for row in connection.execute(newest_of_each(CARRIED, ("procedure", "test", "weight"), target)):
        done.tests.setdefault(row.procedure, set()).add(row.test)
        if row.weight == CARRIED_OUT:
            done.carried_out[row.procedure] = max(row.started, done.carried_out.get(row.procedure, 0.0))
        before = done.last.get(row.procedure)
        if row.weight >= ATTEMPTED and (before is None or before.at < row.started):
            done.last[row.procedure] = Verdict(row.outcome, row.started, row.test)
    for row in connection.execute(newest_of_each(SIGN_OFFS, ("procedure",), target, by="at")):
        done.signed[row.procedure] = SignOff(row.procedure, row.target, row.signed_by, row.note, row.at)
    return done
