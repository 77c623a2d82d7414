"""When backups were made, against when they had to be: the newest, the oldest, and from one to the next."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.clients.backup_places import Stored
    from pytest_llmops.target.backups import Backups as Table

SLACK_S = 300.0
"""So far may two clocks be apart."""


def is_ahead(one: Stored, now: float) -> bool:
    """Whether it is of a time that is still to come, so that its age says nothing."""
    return one.at > now + SLACK_S


def untimely(name: str, table: Table, backups: Sequence[Stored], now: float, since: float | None) -> list[str]:
    """What is wrong, in sentences.

    Args:
        name: of the table.
        table: its ``within every keep drop``, in seconds.
        backups: at least one that is not ahead, oldest first.
        now: epoch seconds.
        since: when the service began, where that is known: nothing has to reach back further.
    """
    wrong = [
        f"{name}: {one.name} is of a time to come, {spoken(one.at - now)} from now; "
        "mend its name or the clock that it was made by"
        for one in backups
        if is_ahead(one, now)
    ]
    backups = [one for one in backups if not is_ahead(one, now)]
    newest, oldest = backups[-1], backups[0]
    if table.within is not None and now - newest.at > table.within:
        wrong.append(
            f"{name}: the newest, {newest.name}, is {spoken(now - newest.at)} old; it may be {spoken(table.within)}"
        )
    if table.keep is not None:
        begins = max(now - table.keep, since if since is not None else 0.0)
        slack = table.every or table.within or 0.0
        if oldest.at > begins + slack:
            wrong.append(
                f"{name}: the oldest, {oldest.name}, is {spoken(now - oldest.at)} old; "
                f"there have to be some of the last {spoken(now - begins)}"
            )
        kept = [one for one in backups if one.at >= begins]
        gaps = [(later.at - one.at, one, later) for one, later in pairwise(kept)]
        wide = max(gaps, key=lambda gap: gap[0], default=None)
        if table.every is not None and wide and wide[0] > table.every:
            wrong.append(
                f"{name}: from {wide[1].name} to {wide[2].name} it is {spoken(wide[0])}; "
                f"it may be {spoken(table.every)}"
            )
    if table.drop is not None:
        old = [one for one in backups if now - one.at > table.drop]
        if old:
            wrong.append(
                f"{name}: {len(old)} are older than {spoken(table.drop)}, the oldest is {old[0].name}; "
                "delete them once a newer one is whole"
            )
    return wrong
