"""The one door to the database: a transaction, tried again while others hold it, and errors in sentences."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pytest_llmops.errors import HistoryError
from pytest_llmops.state.folder import private, state_folder
from pytest_llmops.state.history.migrations import SCHEMA, bring_up, refuse_newer, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pytest_llmops.state.history.place import Place

Answer = TypeVar("Answer")

WRITING_S = 30.0
"""For a transaction that writes, all attempts together."""

READING_S = 2.0
"""For one that reads; libpq waits at least two seconds for a connection."""

HELD = "Other processes hold it all the time; look which, and run again."

_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_AGAIN = {"40001", "40P01", "55P03", "53300", "57P03"}  # serialization, deadlock, lock, too many, starting
_FULL = ("too many clients", "remaining connection slots", "starting up")


def write(place: Place, act: Callable[[Connection], Answer], *, within_s: float = WRITING_S) -> Answer:
    """Carry out ``act`` in one transaction on the newest schema: all of it, or nothing.

    Args:
        place: the database; made where there is none yet.
        act: may be called again while other processes hold the database.
        within_s: seconds for all attempts.

    Raises:
        HistoryError: it cannot be written; says what, where and what to do.
    """

    def transaction(connection: Connection) -> Answer:
        bring_up(connection, place)
        return act(connection)

    try:
        if place.file:
            inside = place.file.parent == place.folder
            state_folder(place.folder) if inside else place.file.parent.mkdir(parents=True, exist_ok=True)
            if not place.file.exists():
                open(place.file, "ab", opener=private).close()  # what SQLite puts beside it takes its mode
        return _tried(place, _engine(place, within_s, writes=True), transaction, within_s)
    except OSError as error:
        raise HistoryError(f"{place.shown}: {error.strerror or error}. {_advice(place)}") from None


class OldSchema(HistoryError):
    """It has the schema of an older version, which only a transaction that writes brings up to date."""


def read(place: Place, act: Callable[[Connection], Answer], empty: Answer, *, within_s: float = READING_S) -> Answer:
    """Carry out ``act`` on what is there; where nothing has been kept yet the answer is ``empty``.

    Raises:
        HistoryError: it cannot be read.
    """

    def transaction(connection: Connection) -> Answer:
        found = schema_of(connection)
        refuse_newer(found, place)
        if 0 < found < SCHEMA:
            raise OldSchema(
                f"{place.shown} has the history's schema {found}, and this version reads {SCHEMA}; "
                "the next run that can write to it brings it up to date."
            )
        return act(connection) if found else empty

    try:
        if place.file and not place.file.exists():
            return empty
    except OSError as error:
        raise HistoryError(f"{place.shown}: {error.strerror or error}. {_advice(place)}") from None
    return _tried(place, _engine(place, within_s, writes=False), transaction, within_s)


def brought_up(place: Place) -> None:
    """Bring the history to the newest schema, where there is one of an older version.

    Raises:
        HistoryError: it cannot be read, or is old and cannot be written.
    """
    try:
        read(place, lambda _: None, None)
    except OldSchema:
        write(place, lambda _: None)


def _tried(place: Place, engine: Engine, act: Callable[[Connection], Answer], within_s: float) -> Answer:
    until = time.monotonic() + within_s
    while True:
        try:
            with engine.begin() as connection:
                return act(connection)
        except SQLAlchemyError as error:
            if not _held(error) or time.monotonic() > until:
                raise HistoryError(_said(place, error)) from None
        except sqlite3.Error as error:  # while connecting, where SQLAlchemy does not wrap it
            if not _held(error) or time.monotonic() > until:
                raise HistoryError(_said(place, error)) from None
        time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 (only spreads those who wait)


def _engine(place: Place, within_s: float, *, writes: bool) -> Engine:
    if place.file:
        return _sqlite(place.file.absolute().as_uri(), within_s, writes=writes)
    place.check()
    url = make_url(place.url)
    try:
        engine = create_engine(
            url.set(password=place.password) if place.password else url,
            poolclass=NullPool,
            connect_args={"connect_timeout": max(2, int(within_s / 6))},
        )
    except ModuleNotFoundError:
        raise HistoryError(
            f"{place.shown} is PostgreSQL, and psycopg is not installed: run pip install 'pytest-llmops[postgresql]'."
        ) from None
    limit = f"SET LOCAL statement_timeout = {int(within_s * 1000)}"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(limit))
    return engine


def _sqlite(uri: str, within_s: float, *, writes: bool) -> Engine:
    def connected() -> sqlite3.Connection:
        mode = "rwc" if writes else "ro"
        made = sqlite3.connect(f"{uri}?mode={mode}", uri=True, timeout=within_s, isolation_level=None)
        try:
            if writes and made.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                made.execute("PRAGMA journal_mode = WAL")
            elif not writes:
                made.execute("SELECT 1 FROM sqlite_master")
        except sqlite3.Error as error:
            made.close()
            if writes or _code(error) not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
                raise
            # In a folder that only others may write to nobody is writing now: it can be read as it lies there.
            made = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
        return made

    engine = create_engine("sqlite://", creator=connected, poolclass=NullPool)
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _original(error: Exception) -> Any:
    return error.orig if isinstance(error, DBAPIError) else error


def _code(error: Exception) -> int:
    return int(getattr(_original(error), "sqlite_errorcode", 0)) & 0xFF


def _held(error: Exception) -> bool:
    """Whether others hold it, so that the same may work in a moment."""
    found = _original(error)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    words = str(found)
    return bool(
        lost
        or _code(error) in _HELD
        or getattr(found, "sqlstate", None) in _AGAIN
        or any(phrase in words for phrase in _FULL)
    )


def _said(place: Place, error: Exception) -> str:
    """What went wrong, in one line and without the password."""
    lines = str(_original(error)).strip().splitlines() or [type(error).__name__]
    what = place.redactor.clean(lines[0].strip().rstrip("."))
    if _code(error) in _BROKEN:
        return (
            f"{place.shown} is no database that can be read ({what}). It was left as it is; "
            "move it away, or name another with [history] url."
        )
    return f"{place.shown}: {what}. {HELD if _held(error) else _advice(place)}"


def _advice(place: Place) -> str:
    if place.file and place.file.is_file() and not os.access(place.file, os.R_OK):
        return "Have its owner let you read it (chmod), or name another place with [history] url."
    if place.file:
        return "Make its folder writable, or name another place with [history] url."
    return "Look whether the database answers there and lets this user in, or name another with [history] url."
