"""A dump of PostgreSQL, restored into an empty database of a server of one's own and held against what was dumped."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError, Vacuous
from pytest_llmops.operate.postgresql_place import Place
from pytest_llmops.operate.postgresql_scratch import empty

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.load import Target

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2
"""
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
        NotInstalled: psycopg is not.
        Unsupported: pg_dump or pg_restore is not installed.
        Vacuous: there is no table in it.
    """
    table, began = target.table.databases[name], time.perf_counter()
    environ, clean = target.environ, target.redactor().clean
    source = Place(name, table.url, table.password_env, environ, deadline_s=table.deadline, clean=clean)
    server = Place(name, table.scratch, table.scratch_password_env, environ, deadline_s=table.deadline, clean=clean)
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
        with empty(server, connection, target.state_folder) as scratch:
            scratch.run("pg_restore", "--exit-on-error", *_OURS, f"--dbname={scratch.database}", str(path))
            with scratch.connected() as restored:
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
