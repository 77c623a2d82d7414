"""A backup restored into a scratch folder, and its files held against what they were made of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients.backup_content import sha256
from pytest_llmops.clients.backup_sums import differing
from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.clients.backup_places import Stored
    from pytest_llmops.clients.backup_reading import Reading
    from pytest_llmops.clients.backup_records import Records
    from pytest_llmops.clients.backup_sources import Sources


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was restored into a scratch folder.

    Attributes:
        of: its name.
        folder: that stands for the root of its sources.
        files: how many there are.
        bytes: of all of them.
        same: how many were found to be what they were made of, or what was recorded of them.
        wrong: sentences of those that are not.
        took_s: to bring it here, unpack and compare it.
    """

    of: str
    folder: Path
    files: int
    bytes: int
    same: int
    wrong: tuple[str, ...]
    took_s: float


class Restoring:
    """Restores the backups of one table.

    Args:
        name: of the table.
        reading: brings them to hand.
        records: what was recorded of them.
        sources: what they are of.
        private: whether they hold secrets, so that nobody else may read what is restored.
    """

    def __init__(self, name: str, reading: Reading, records: Records, sources: Sources, *, private: bool) -> None:
        self._name = name
        self._reading = reading
        self._records = records
        self._sources = sources
        self._private = private

    def restored(self, into: Path, one: Stored) -> Restored:
        """Restore a backup, and compare each source that was not written since, and what was recorded in it.

        Args:
            into: an empty folder; nothing else is written to.
            one: which backup.

        Raises:
            CallFailed: as `Reading.unpacked` and `Records.within`.
            Unsupported: it is packed in a way that is not read here.
            Vacuous: nothing is wrong, and there is nothing to compare it with.
        """
        began = time.perf_counter()
        with self._reading.at_hand(one) as path:
            held = self._reading.content(one, path)
            folder = self._reading.unpacked(one, path, into)
            recorded = self._records.within(path)
        found = {name: sha256(folder / name) for name in self._reading.inside(held)}
        wrong = differing(one, found, recorded, "as its manifest says") if recorded is not None else []
        sources = {name: fact.sha256() for name, fact in self._sources.unchanged(one).items() if name in found}
        wrong += [
            f"{one.last}: {name} is not as {self._sources.root / name}, which has not changed since"
            for name, checksum in sources.items()
            if found[name] != checksum
        ]
        if self._private:
            wrong += [
                f"{one.last}: {name} may be read by others once it is restored: {mode:o} in place of 600"
                for name in found
                if (mode := (folder / name).stat().st_mode & 0o777) & 0o077
            ]
        if not sources and not recorded and not wrong:
            raise Vacuous(
                f"{self._name}: {one.name} can be compared with nothing: "
                "all that it holds was written since, or is gone."
            )
        same = sum(checksum in {sources.get(name), (recorded or {}).get(name)} for name, checksum in found.items())
        return Restored(one.name, folder, len(found), held.bytes, same, tuple(wrong), time.perf_counter() - began)
