"""A database for a while on a server that may break: gone with its context, or with whoever finds its note."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_llmops.operate.postgresql_place import Place
from pytest_llmops.state.noted import noted, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENDS_MS = 10_000
"""Within which what its maker has begun has ended."""

_MAKERS = "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE application_name = %s AND pid <> %s"


@contextmanager
def empty(server: Place, connection: Any, state: Path) -> Iterator[Place]:
    """An empty database of a server, which is deleted afterwards; noted before, so that it can be by whoever finds it.

    Args:
        server: any database of it.
        connection: to that; it is called as the empty one.
        state: the state folder.

    Raises:
        CallFailed: ``refused``: it cannot be made; it cannot be deleted, and is left.
    """
    import psycopg
    from psycopg import sql

    name = f"llmops_scratch_{uuid.uuid4().hex}"
    how = {"database": name, "of": server.name, "url": server.url, "password_env": server.variable}
    with noted(state, name, how) as note:
        try:
            connection.execute(sql.SQL("SET application_name = {}").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.OperationalError as error:  # nobody knows whether it was made
            raise server.failed("connection", f"{server.server}: {error}") from None
        except psycopg.Error as error:
            note.unlink()
            raise server.failed("refused", f"no database can be made at {server.server}: {error}") from None
        try:
            yield server.other(name)
        finally:
            try:
                _drop(connection, name)
            except psycopg.Error as error:
                raise server.failed("refused", f"{name} at {server.server} cannot be deleted: {error}") from None
            note.unlink()


def said(note: Path) -> str:
    """What a note tells of, in words.

    Raises:
        JournalError: it cannot be read.
    """
    how = read(note)
    if how is None:
        return f"{note}, of which nothing was made"
    return f"the database {how['database']} at {_server(how, {}).server}"


def remove(note: Path, environ: Mapping[str, str]) -> None:
    """Delete the database that a note tells of, and the note.

    Args:
        note: of a process that is gone.
        environ: holds the password.

    Raises:
        CallFailed: the server cannot be reached, or refuses.
        ConfigError: the variable of its password is not set.
        JournalError: the note cannot be read.
        NotInstalled: psycopg is not.
    """
    how = read(note)
    if how is not None:
        server = _server(how, environ)
        with server.connected() as connection:
            import psycopg

            try:
                connection.execute(_MAKERS, [ENDS_MS, how["database"], connection.info.backend_pid])
                _drop(connection, how["database"])
            except psycopg.Error as error:
                refused = f"{how['database']} at {server.server} cannot be deleted: {error}"
                raise server.failed("refused", refused) from None
    note.unlink()


def _server(how: Mapping[str, Any], environ: Mapping[str, str]) -> Place:
    return Place(how["of"], how["url"], how["password_env"], environ, deadline_s=0.0)


def _drop(connection: Any, name: str) -> None:
    from psycopg import sql

    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
