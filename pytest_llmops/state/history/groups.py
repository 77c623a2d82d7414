"""The newest row of each group, found by stepping from group to group through an index that ends in ``started DESC``.

That takes as many steps as there are groups (tests, metrics, …), however many rows each of them has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, func, select, tuple_

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Row, Select, Table


def plain(row: Row[Any]) -> dict[str, Any]:
    """A row as columns and values."""
    return dict(row._mapping)  # noqa: SLF001 (a public name of SQLAlchemy's)


def newest_of_each(table: Table, keys: Sequence[str], target: str | None = None, *, by: str = "started") -> Select[Any]:
    """Selects the newest row of each group.

    Args:
        table: of the history; it has an index over its target, these keys and ``started DESC``.
        keys: columns that make a group, beside the target.
        target: only groups of this one.
        by: the column by which a row is newer than another.
    """
    names = list(keys) if target is not None else ["target", *keys]
    here, next_ = table.alias("here"), table.alias("next_one")

    def first(rows: Any) -> Select[Any]:
        chosen = select(rows.c.id).order_by(*(rows.c[name] for name in names), rows.c[by].desc()).limit(1)
        return chosen if target is None else chosen.where(rows.c.target == target)

    # SQLite compares by the whole index only with what is no column: a column's affinity stands in its way.
    known = [func.coalesce(here.c[name], "" if isinstance(here.c[name].type, Text) else 0) for name in names]
    stepped = tuple_(*(next_.c[name] for name in names)) > tuple_(*known)
    groups = select(first(table).scalar_subquery().label("id")).cte("groups_found", recursive=True)
    step = first(next_).where(stepped).correlate(here).scalar_subquery().label("id")
    groups = groups.union_all(select(step).select_from(groups.join(here, here.c.id == groups.c.id)))
    return select(table).join(groups, table.c.id == groups.c.id)


def newest_rows(
    connection: Connection,
    groups: Sequence[Row[Any]],
    of_group: Callable[[Row[Any]], Select[Any]],
    limit: int,
    *,
    all_groups: bool = False,
) -> list[Row[Any]]:
    """The newest rows of several groups together, each once; reads only those groups that can hold one of them.

    Args:
        connection: of the caller's transaction.
        groups: the newest row of each.
        of_group: selects a group's rows, the newest first; they have ``started`` and ``id``. A row may be in several
            groups, as a check is that carries out several procedures.
        limit: how many rows at most.
        all_groups: whether a group's newest row says nothing of its others, as where only older ones are asked for.
    """
    found: list[Row[Any]] = []
    for group in sorted(groups, key=lambda row: -row.started):
        if not all_groups and len(found) >= limit and found[limit - 1].started >= group.started:
            break
        known = {row.id for row in found}
        found += [row for row in connection.execute(of_group(group).limit(limit)) if row.id not in known]
        found.sort(key=lambda row: -row.started)
        del found[limit:]
    return found
