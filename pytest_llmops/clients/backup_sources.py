"""What backups are of: the files of a table's sets as they are now, and which of them a backup has to hold."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from pytest_llmops.clients.backup_making import Making
    from pytest_llmops.clients.backup_places import Stored
    from pytest_llmops.clients.file_facts import FileFact
    from pytest_llmops.target.backups import Backups as Table


class Sources:
    """The files that the backups of one table are of.

    Args:
        name: of the table.
        table: what it says.
        making: tells those that hold a secret, which are not copied.
        found: the files of a set as they are now.
        root: below which they lie.
    """

    def __init__(
        self, name: str, table: Table, making: Making, found: Callable[[str], Iterable[FileFact]], root: Path
    ) -> None:
        self.root = root
        self._name = name
        self._table = table
        self._making = making
        self._found = found

    def reach(self, name: str, at: float) -> list[FileFact]:
        """Files of a set that a backup of that moment reaches back to; also what was written after it, if it is new.

        Args:
            name: of the set; all of it where the table does not say of it for how long.
            at: when it was made, in seconds since the epoch.
        """
        last = self._table.holds[name].last if name in self._table.holds else None
        return [fact for fact in self._found(name) if last is None or fact.changed_at >= at - last]

    def all(self, at: float) -> list[FileFact]:
        """Files of all sets, as `reach`."""
        return [fact for name in self._table.holds for fact in self.reach(name, at)]

    def lacking(self, one: Stored, held: Collection[str], sets: Iterable[str]) -> list[str]:
        """Files of sets that are not in a backup, in sentences: those that were there by then, and hold no secret.

        Args:
            one: which backup.
            held: names of the files in it.
            sets: of which sets.

        Raises:
            Vacuous: nothing is lacking, and of a set nothing was there that had to be in it.
        """
        wrong: list[str] = []
        hollow: list[str] = []
        for name in sets:
            due = self._making.parted([fact for fact in self.reach(name, one.at) if fact.changed_at <= one.at])[0]
            if not due:
                hollow.append(name)
            wrong += [f"{one.last}: {fact.name} is not in it" for fact in due if fact.name not in held]
        if hollow and not wrong:
            raise Vacuous(
                f"{self._name}: {one.name}: of {', '.join(hollow)} nothing was there when it was made "
                "that had to be in it."
            )
        return wrong

    def unchanged(self, one: Stored) -> dict[str, FileFact]:
        """Files of all sets that were not written since a backup was made, by name."""
        return {
            fact.name: fact for name in self._table.holds for fact in self._found(name) if fact.changed_at <= one.at
        }

    def sums(self) -> dict[str, str]:
        """The SHA-256 of all files that a backup of this moment would hold, by name."""
        return {fact.name: fact.sha256() for fact in self._making.parted(self.all(time.time()))[0]}
