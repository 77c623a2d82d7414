"""Files and folders that the application keeps: looked at, and their backups proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.file_facts import FileFact, Found
from pytest_llmops.clients.in_folder import InFolder
from pytest_llmops.clients.writers import writer
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from pytest_llmops.clients.backup_places import Place
    from pytest_llmops.clients.backups import Backups
    from pytest_llmops.clients.client import Level
    from pytest_llmops.target.surroundings import Files as Table


class Files(InFolder):
    """Files and folders, by the names of the target's ``sets``."""

    part: Table

    def __repr__(self) -> str:
        return f"Files({', '.join(self.part.sets) or 'none'})"

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: the root is there and can be read."""
        return [("reachable", lambda: below.there(self.component, self.root))]

    def close(self) -> None:
        """Nothing is held."""

    def has(self, name: str) -> bool:
        """Whether the target has a set of that name."""
        return name in self.part.sets

    def found(self, name: str, *, some: bool = True) -> Found:
        """The files of a set as they are now.

        Args:
            name: of the set.
            some: whether at least one must be there.

        Raises:
            Unsupported: the target has no such set.
            ConfigError: it names a user who must be able to write them, and there is none of that name.
            CallFailed: ``absent``: none is there; ``refused``: a folder cannot be read, a link leads out of root.
        """
        table = self.named("set", name, self.part.sets)
        self.ledger.admit(self.component, self.part.rate_limit)
        paths = below.found(self.component, self.root, table.paths, table.leave_out, folders=table.folders)
        who = writer(self.root, self.part.user) if table.writable or table.owned else None
        facts = [FileFact.of(path, self.root) for path in paths]
        if table.holding:
            facts = [fact for fact in facts if fact.holds(table.holding)]
        found = Found(name, table, facts, who)
        self.ledger.answer(self.component)
        if some and not found:
            raise CallFailed(
                self.component,
                "absent",
                f"{self.component}: nothing of {name} is there: {', '.join(table.paths)} below {self.root}.",
            )
        return found

    def newest_age_s(self, name: str) -> float:
        """Time since a file of the set was last written.

        Raises:
            CallFailed: as `found`.
        """
        newest = self.found(name).newest
        return newest.age_s if newest else 0.0

    def behind(self, name: str, other: str) -> float:
        """Seconds that the longest waiting file of another set has been newer than this one's newest; 0: none waits.

        Args:
            name: what is made of the others, such as an index.
            other: what it is made of.

        Raises:
            CallFailed: as `found`.
        """
        made, sources = self.found(name).newest, self.found(other).facts
        return max((one.age_s for one in sources if made and one.changed_at > made.changed_at), default=0.0)

    def backups(self, name: str = "configuration") -> Backups:
        """The backups of a table: ``all() newest() make() read() restored() lacking() misrecorded() untimely()``.

        Raises:
            Unsupported: the target has no such table.
            NotInstalled: what it takes to ask its bucket is not.
            ConfigError: the bucket's key is not there.
        """
        from pytest_llmops.clients.backup_places import BelowRoot
        from pytest_llmops.clients.backups import Backups

        table = self.named("backup", name, self.part.backups)
        place: Place | None = None
        if table.bucket is not None:
            from pytest_llmops.clients.buckets import InBucket

            place = InBucket(self.target, self.ledger, table)
        elif table.paths:
            place = BelowRoot(self.component, self.root, table, table.paths)
        return Backups(self.target, self.component, name, table, lambda one: self.found(one).facts, self.root, place)
