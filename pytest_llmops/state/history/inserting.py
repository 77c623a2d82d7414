"""What is kept once, however often it comes: a transaction is tried again also where only its answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table
    from sqlalchemy.dialects import postgresql, sqlite


def unless_there(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that does nothing where the row's id is there already; each dialect has a word of its own for it."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as insert_here

        return insert_here(table).on_conflict_do_nothing(index_elements=["id"])
    from sqlalchemy.dialects.postgresql import insert as insert_there

    return insert_there(table).on_conflict_do_nothing(index_elements=["id"])
