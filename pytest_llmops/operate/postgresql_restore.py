"""A dump of PostgreSQL, restored into an empty database of a server of one's own and held against what was dumped."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, Vacuous, excerpt
from pytest_llmops.target.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmops.target.load import Target

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2
"""
_AS_TEXT = (
    "SET datestyle = ISO",
    "SET intervalstyle = postgres",
    "SET timezone = 'UTC'",
    "SET extra_float_digits = 1",
    "SET bytea_output = hex",
)
"""How values are written, on both sides, so that the same ones are the same texts."""
_START_S = 10
_OURS = ("--no-owner", "--no-privileges")
"""Roles are of a server, not of a database, and the scratch server has others."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is in a table.

    Attributes:
        count: of its rows.
        sum: of their checksums, whatever their order.
    """

    count: int
    sum: str


@dataclass(frozen=True, slots=True)
class RestoredTables:
    """A dump that was restored.

    Attributes:
        tables: what is in each, in the database that was dumped.
        bytes: of the dump.
        took_s: to dump, restore and compare.
        wrong: sentences of those that are not as they were.
    """

    tables: dict[str, Rows]
    bytes: int
    took_s: float
    wrong: tuple[str, ...]


def proven(target: Target, name: str, path: Path) -> RestoredTables:
    """Dump a database, restore the dump into an empty one elsewhere, and count and hash the rows of each table.

    The dump and what it is compared with are of one moment: of one snapshot of the database. It is only read.

    Args:
        target: whose database it is.
        name: of its table ``databases``.
        path: of the dump; it is made.

    Raises:
        CallFailed: a server does not answer; ``bad-answer``: pg_dump or pg_restore fails, and says why.
        ConfigError: a password is not set; the scratch server is the very one whose database is dumped.
        Unsupported: psycopg, pg_dump or pg_restore is not installed.
        Vacuous: there is no table in it.
    """
    table, began = target.table.databases[name], time.perf_counter()
    source = _Place(target, name, table.url, table.password_env, table.deadline)
    server = _Place(target, name, table.scratch, table.scratch_password_env, table.deadline)
    path.touch(0o600)
    with source.connected() as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        of_source = _identity(connection)
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
        source.run(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={path}"
        )
        before = _rows(connection)
    if not before:
        raise Vacuous(f"databases.{name}: there is no table in it, so a dump of it says nothing.")
    with server.connected() as connection:
        if _identity(connection) == of_source:
            raise ConfigError(
                f"databases.{name}: scratch is the server whose database is dumped; name one that may break."
            )
        with _empty(server, connection) as empty:
            empty.run(
                "pg_restore",
                "--exit-on-error",
                *_OURS,
                f"--dbname={empty.database}",
                str(path),
            )
            with empty.connected() as restored:
                after = _rows(restored)
    return RestoredTables(
        before, path.stat().st_size, time.perf_counter() - began, tuple(differing(name, before, after))
    )


def differing(name: str, before: dict[str, Rows], after: dict[str, Rows]) -> list[str]:
    """What is not as it was, in sentences.

    Args:
        name: of the database.
        before: what was in each table.
        after: what is in each once it is restored.
    """
    lost = [f"{name}: table {one} is not there once it is restored" for one in before if one not in after]
    counts = [
        f"{name}: table {one} had {rows.count} rows, and has {after[one].count} once it is restored"
        for one, rows in before.items()
        if one in after and after[one].count != rows.count
    ]
    values = [
        f"{name}: table {one} has other values in its {rows.count} rows once it is restored"
        for one, rows in before.items()
        if one in after and after[one].count == rows.count and after[one].sum != rows.sum
    ]
    return [*lost, *counts, *values]


class _Place:
    """A database, and how its own programs reach it: by variables, so that no password stands in their words."""

    def __init__(self, target: Target, name: str, url: str, variable: str | None, deadline_s: float) -> None:
        self._target, self._name, self._url, self._variable, self._deadline_s = target, name, url, variable, deadline_s
        self._parts = urlsplit(url)
        self.database = self._parts.path.strip("/")
        self._password = Secret(variable).value(target.environ, f"databases.{name}") if variable else ""

    def other(self, database: str) -> _Place:
        url = urlunsplit(self._parts._replace(path=f"/{database}"))
        return _Place(self._target, self._name, url, self._variable, self._deadline_s)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        try:
            import psycopg
        except ImportError:
            raise Unsupported(
                f"databases.{self._name}: PostgreSQL takes psycopg: pip install 'pytest-llmops[postgresql]'."
            ) from None
        where = f"{self._parts.hostname}:{self._parts.port or 5432}/{self.database}"
        try:
            connection = psycopg.connect(
                self._url, password=self._password or None, connect_timeout=_START_S, autocommit=True
            )
        except psycopg.OperationalError as error:
            said = self._clean(excerpt(str(error).strip(), 200))
            raise CallFailed(
                f"databases.{self._name}", "connection", f"databases.{self._name}: {where} cannot be reached: {said}."
            ) from None
        with connection:
            for setting in _AS_TEXT:
                connection.execute(setting.encode())
            yield connection

    def run(self, program: str, *words: str) -> None:
        found = shutil.which(program)
        if found is None:
            raise Unsupported(f"databases.{self._name}: {program} is not installed on this machine.")
        told = {
            "PGHOST": self._parts.hostname or "",
            "PGPORT": str(self._parts.port or 5432),
            "PGUSER": self._parts.username or "",
            "PGPASSWORD": self._password,
            "PGDATABASE": self.database,
        }
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        try:
            done = subprocess.run(  # noqa: S603 (a program of PostgreSQL's, and words of ours)
                [found, "--no-password", *words],
                env={**environ, **{key: value for key, value in told.items() if value}},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._deadline_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._failed("timeout", f"{program} was not over after {self._deadline_s:.0f} s") from None
        if done.returncode:
            said = self._clean(excerpt(done.stderr.strip(), 300))
            raise self._failed("bad-answer", f"{program} ended with {done.returncode}: {said}")

    def _failed(self, kind: str, said: str) -> CallFailed:
        return CallFailed(f"databases.{self._name}", kind, f"databases.{self._name}: {said}.")

    def _clean(self, text: str) -> str:
        return self._target.redactor().clean(text)


@contextmanager
def _empty(server: _Place, connection: Any) -> Iterator[_Place]:
    """An empty database of a server, which is deleted afterwards."""
    from psycopg import sql

    name = f"llmops_scratch_{uuid.uuid4().hex}"
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield server.other(name)
    finally:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _identity(connection: Any) -> str:
    """Which cluster it is: a number of its own, or where that is not told its address and start."""
    told: Any = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    return str(told[0])


def _rows(connection: Any) -> dict[str, Rows]:
    from psycopg import sql

    found = {}
    for schema, table in connection.execute(_TABLES).fetchall():
        asked = sql.SQL(
            "SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint), 0)::text FROM {} t"
        ).format(sql.Identifier(schema, table))
        count, total = connection.execute(asked).fetchone()
        found[f"{schema}.{table}"] = Rows(count, total)
    return found
