"""Backups brought to hand and read: what is in one, to its last byte, and what of it stands for root."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmops.clients.backup_content import Content, Damaged, content, unpack
from pytest_llmops.clients.backup_making import MANIFEST
from pytest_llmops.errors import CallFailed
from pytest_llmops.state.scratch import scratch_folder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_llmops.clients.backup_making import Making
    from pytest_llmops.clients.backup_places import Place, Stored
    from pytest_llmops.target.backups import Backups as Table


class Reading:
    """Reads the backups of one table.

    Args:
        component: in whose name is complained.
        table: what it says.
        making: of ours, which lie in its place.
        place: where the others lie.
    """

    def __init__(self, component: str, table: Table, making: Making, place: Place) -> None:
        self._component = component
        self._table = table
        self._making = making
        self._place = place

    def at_hand(self, one: Stored) -> AbstractContextManager[Path]:
        """A context in which it lies on this machine, wherever it is kept."""
        ours = (self._making.folder / one.name).is_file()
        return (self._making.place if ours else self._place).at_hand(one)

    def content(self, one: Stored, path: Path) -> Content:
        """All that is in it.

        Args:
            one: which backup.
            path: where it is at hand.

        Raises:
            CallFailed: ``damaged``: it cannot be read whole; ``empty``: no file is in it.
            Unsupported: it is packed in a way that is not read here.
        """
        try:
            found = content(path)
        except Damaged as error:
            raise self._damaged(one, error) from error
        if not [name for name in found.sums if name != MANIFEST]:
            raise CallFailed(self._component, "empty", f"{self._component}: {one.name} has no file in it.")
        return found

    def unpacked(self, one: Stored, path: Path, into: Path) -> Path:
        """The folder that stands for root, once it is unpacked.

        Args:
            one: which backup.
            path: where it is at hand.
            into: an empty folder; nothing else is written to.

        Raises:
            CallFailed: ``damaged``: it cannot be unpacked, or something in it would be written elsewhere.
            Unsupported: it is packed in a way that is not read here.
        """
        try:
            unpack(path, into)
        except Damaged as error:
            raise self._damaged(one, error) from error
        if self._table.ours or (into / MANIFEST).is_file() or not self._table.base:
            return into
        return next(iter(sorted(into.glob(self._table.base))), into)

    def inside(self, held: Content) -> list[str]:
        """Names of its files below what stands for root."""
        ours = self._table.ours or MANIFEST in held.sums
        base = () if ours else PurePosixPath(self._table.base).parts
        beside = {MANIFEST, self._table.checksums if self._table.folders else ""}
        found = []
        for name in held.sums:
            parts = PurePosixPath(name).parts
            if name not in beside and len(parts) > len(base) and all(map(fnmatch, parts, base)):
                found.append("/".join(parts[len(base) :]))
        return found

    def text(self, name: str, one: Stored) -> str:
        """What stands in a file of it.

        Raises:
            CallFailed: as `unpacked`; ``absent``: the file is not in it.
        """
        with self.at_hand(one) as path, scratch_folder() as scratch:
            file = self.unpacked(one, path, scratch) / name
            if not file.is_file():
                raise CallFailed(self._component, "absent", f"{self._component}: {one.name} has no file {name}.")
            return file.read_text(encoding="utf-8", errors="replace")

    def _damaged(self, one: Stored, error: Damaged) -> CallFailed:
        said = f"{one.name} is damaged, and restores nothing that can be relied on: {error}"
        return CallFailed(self._component, "damaged", f"{self._component}: {said}.")
