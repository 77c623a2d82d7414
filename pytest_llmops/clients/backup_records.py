"""What was recorded of backups when they were made: in our manifest, in a file within them, or beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.clients.backup_content import content, sha256
from pytest_llmops.clients.backup_making import MANIFEST
from pytest_llmops.clients.backup_sums import differing, sum_of, summed
from pytest_llmops.errors import CallFailed, Unsupported

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.clients.backup_making import Making
    from pytest_llmops.clients.backup_places import Place, Stored
    from pytest_llmops.target.backups import Backups as Table


class Records:
    """The checksums that were recorded of the backups of one table.

    Args:
        component: in whose name is complained.
        name: of the table.
        table: what it says.
        making: of ours, which have a manifest.
        place: where the others lie.
    """

    def __init__(self, component: str, name: str, table: Table, making: Making, place: Place) -> None:
        self._component = component
        self._name = name
        self._table = table
        self._making = making
        self._place = place

    def within(self, path: Path) -> dict[str, str] | None:
        """Sums by the names of files, as they stand in the backup itself; None: it has none.

        Raises:
            CallFailed: ``absent``: the file that should have them is not in it; ``bad-answer``: it cannot be read.
        """
        if path.parent == self._making.folder:
            said = self._making.manifest(path)
            return {**said["files"], **said["texts"]}
        file = path / self._table.checksums if self._table.checksums and path.is_dir() else None
        if file is None:
            return None
        if not file.is_file():
            raise self._absent(f"{path.name} has no checksums: there is no {self._table.checksums} in it")
        return summed(
            self._component,
            file.read_text(encoding="utf-8", errors="replace").splitlines(),
            f"{path.name}/{self._table.checksums}",
        )

    def differing(self, one: Stored, path: Path) -> list[str]:
        """How a backup differs from what was recorded of it, in sentences.

        Args:
            one: which backup.
            path: where it is at hand.

        Raises:
            CallFailed: as `within`; ``absent``: nothing is recorded.
            Unsupported: the target does not say where checksums are, or it is packed in a way that is not read here.
        """
        within = self.within(path)
        if within is not None:
            held = {name: checksum for name, checksum in content(path).sums.items() if name != MANIFEST}
            held.pop(self._table.checksums, None)
            return differing(one, held, within, "as was recorded")
        if not self._table.checksums:
            raise Unsupported(f"{self._component}: backups {self._name} do not say where their checksums stand.")
        name = self._table.checksums.format(name=one.last)
        text = self._place.beside(one, name)
        if not text or not text.split():
            raise self._absent(f"{one.name} has no checksum: there is nothing in {name} beside it")
        same = sum_of(self._component, one, text.splitlines(), name) == sha256(path)
        return [] if same else [f"{one.last} is not as was recorded: its SHA-256 is another than in {name}"]

    def _absent(self, said: str) -> CallFailed:
        return CallFailed(self._component, "absent", f"{self._component}: {said}.")
