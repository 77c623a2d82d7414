"""Backups of files, proven: young enough, whole, complete, and the same as what they were made of once restored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients import backup_timing
from pytest_llmops.clients.backup_content import Content, content, is_read, sha256
from pytest_llmops.clients.backup_making import Making, now
from pytest_llmops.clients.backup_places import Place, Stored
from pytest_llmops.clients.backup_reading import Reading
from pytest_llmops.clients.backup_records import Records
from pytest_llmops.clients.backup_restoring import Restored, Restoring
from pytest_llmops.clients.backup_sources import Sources
from pytest_llmops.clients.backup_sums import differing, summed
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.durations import DAY_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pytest_llmops.clients.file_facts import FileFact
    from pytest_llmops.target.backups import Backups as Table
    from pytest_llmops.target.load import Target


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made now.

    Attributes:
        of: which.
        took_s: to write it, and to read it back.
    """

    of: Stored
    took_s: float


class Backups:
    """The backups of one table, ``components.files.backups.NAME``.

    Args:
        target: the deployment.
        component: in whose name is complained.
        name: of the table.
        table: what it says.
        sources: the files of a set as they are now.
        root: below which they lie.
        place: where backups lie; None: they are ours.
    """

    def __init__(
        self,
        target: Target,
        component: str,
        name: str,
        table: Table,
        sources: Callable[[str], Iterable[FileFact]],
        root: Path,
        place: Place | None = None,
    ) -> None:
        self.name = name
        self.table = table
        self.making = Making(target, component, name, table)
        self.sources = Sources(name, table, self.making, sources, root)
        self._component = component
        self._root = root
        self._place = place or self.making.place
        self._reading = Reading(component, table, self.making, self._place)
        self._records = Records(component, name, table, self.making, self._place)
        self._restoring = Restoring(name, self._reading, self._records, self.sources, private=table.with_secrets)

    def __repr__(self) -> str:
        return f"Backups({self.name!r})"

    def all(self) -> list[Stored]:
        """Those that are there, oldest first.

        Raises:
            CallFailed: the place is not there, or cannot be read.
        """
        return self._place.all()

    def newest(self) -> Stored:
        """The last one; none is that is of a time to come.

        Raises:
            CallFailed: ``absent``: there is none; ``untrue``: all are of a time to come; ``empty``: it has no byte.
        """
        there, until = self.all(), time.time()
        if not there:
            raise self._failed("absent", f"there is no backup {self.name}: {self._place.where}")
        found = [one for one in there if not backup_timing.is_ahead(one, until)]
        if not found:
            raise self._failed("untrue", f"every backup {self.name} is of a time to come, so is {there[0].name}")
        if not found[-1].bytes:
            raise self._failed("empty", f"{found[-1].name} is empty")
        return found[-1]

    def age_s(self) -> float:
        """How old the newest is.

        Raises:
            CallFailed: as `newest`.
        """
        return max(0.0, time.time() - self.newest().at)

    def untimely(self) -> list[str]:
        """What is wrong with when they were made, in sentences: ``within every keep drop`` of the table.

        Raises:
            CallFailed: there is none.
        """
        self.newest()
        since = self._root / self.table.since if self.table.since else None
        reach = since.stat().st_mtime if since and since.is_file() else None
        return backup_timing.untimely(self.name, self.table, self.all(), time.time(), reach)

    def make(self, at: float | None = None, texts: Mapping[str, str] | None = None) -> Stored:
        """Make one in the state folder, of all that is held; nothing of the target is changed.

        Args:
            at: epoch seconds, which stand in its name; now by default.
            texts: of further files in it, by name.

        Raises:
            CallFailed: a set has no file; it cannot be written, or does not hold what it should.
        """
        at = now() if at is None else at
        facts = {fact.name: fact for fact in self.sources.all(at)}
        made = self.making.made([*facts.values()], at, texts or {})
        return Stored(made.name, at, made.stat().st_size)

    def made(self) -> Made:
        """Make one now, as `make`, and say how long it took.

        Raises:
            CallFailed: as `make`.
        """
        began = time.perf_counter()
        return Made(self.make(), time.perf_counter() - began)

    def make_older(self, at: float) -> None:
        """Make as many as are kept, of the days before; a sandbox, which is new, has none that could be superseded.

        Raises:
            CallFailed: as `make`.
        """
        for days in range(1, self.table.keep_newest + 1):
            self.make(at - days * DAY_S)

    def superseded(self) -> list[Path]:
        """Those of ours beyond the number that is kept, oldest first; one of a time to come supersedes none."""
        until = time.time()
        found = [one for one in self.making.place.all() if not backup_timing.is_ahead(one, until)]
        return [self.making.folder / one.name for one in found[: -self.table.keep_newest]]

    def read(self, one: Stored | None = None) -> Content:
        """Read a backup (the newest one) to its last byte.

        Raises:
            CallFailed: ``absent``: there is none; ``damaged``: it cannot be read whole; ``empty``: no file is in it.
            Unsupported: it is packed in a way that is not read here.
        """
        one = one or self.newest()
        with self._reading.at_hand(one) as path:
            return self._reading.content(one, path)

    def misrecorded(self, one: Stored | None = None) -> list[str]:
        """How a backup (the newest one) differs from the checksums that were recorded of it, in sentences.

        Those are in the table's ``checksums``, and of ours in its manifest.

        Raises:
            CallFailed: as `read`; ``absent``: nothing is recorded; ``bad-answer``: a line is none of sha256sum.
            Unsupported: the target does not say where they are.
        """
        one = one or self.newest()
        with self._reading.at_hand(one) as path:
            if is_read(path):
                self._reading.content(one, path)
            return self._records.differing(one, path)

    def restored(self, into: Path, one: Stored | None = None) -> Restored:
        """Restore a backup (the newest one) into a scratch folder, and compare its files with what they are of.

        That is each source that was not written since, and what was recorded in it.

        Args:
            into: an empty folder; nothing else is written to.
            one: which backup.

        Raises:
            CallFailed: as `read`; ``damaged``: also where something in it would be written elsewhere.
            Unsupported: it is packed in a way that is not read here.
            Vacuous: nothing is wrong, and there is nothing to compare it with: all sources have changed since, and
                nothing is recorded.
        """
        return self._restoring.restored(into, one or self.newest())

    def lacking(self, one: Stored | None = None, *sets: str) -> list[str]:
        """What a backup (the newest one) should hold, and does not, in sentences: each file that was there by then.

        Args:
            one: which backup.
            sets: of which sets; all that it has to hold by default.

        Raises:
            CallFailed: as `read`.
            Vacuous: nothing is lacking, and of a set nothing was there that had to be in it.
        """
        one = one or self.newest()
        return self.sources.lacking(one, self._reading.inside(self.read(one)), sets or tuple(self.table.holds))

    def newest_whole(self) -> Stored:
        """The last one that reads to its last byte; damaged ones after it are passed over.

        Raises:
            CallFailed: there is none; says what is wrong with the newest.
        """
        for one in reversed(self.all()):
            try:
                self.read(one)
            except CallFailed as error:
                if error.kind not in {"damaged", "empty"}:
                    raise
            else:
                return one
        newest = self.newest()
        self.read(newest)
        return newest

    def unpacked(self) -> list[str]:
        """Folders below root that a backup was unpacked into in its place, and nobody has deleted.

        Raises:
            Unsupported: its files stand for themselves below root, so that nothing tells them from the application's.
        """
        if not self.table.base:
            raise Unsupported(f"{self._component}: backups {self.name} have no base, so what was unpacked has no name.")
        return [str(one.relative_to(self._root)) for one in sorted(self._root.glob(self.table.base)) if one.is_dir()]

    def unlike(self, original: Backups) -> list[str]:
        """How the newest of these differs from the newest of those that they are copies of, in sentences.

        Raises:
            CallFailed: as `read`, of either.
        """
        one, other = self.newest(), original.newest()
        if one.last != other.last:
            return [f"{one.name} is the newest, and no copy of {other.name}"]
        if one.bytes != other.bytes:
            return [f"{one.name} has {one.bytes} bytes, and {other.name} {other.bytes}"]
        with self._reading.at_hand(one) as copy, original._reading.at_hand(other) as path:
            sums = self._reading.content(one, copy).sums if copy.is_dir() else sha256(copy)
            if sums != (content(path).sums if path.is_dir() else sha256(path)):
                return [f"{one.name} has another checksum than {other.name}"]
        return []

    def unlisted(self, lines: Iterable[str], one: Stored | None = None) -> list[str]:
        """How a backup (the newest one) differs from a list of what it is of, in sentences.

        Args:
            lines: as sha256sum prints them, a file each.
            one: which backup.

        Raises:
            CallFailed: as `read`; ``empty``: nothing is listed; ``bad-answer``: a line is none of sha256sum.
        """
        one, listed = one or self.newest(), summed(self._component, lines, f"the list of {self.name}")
        if not listed:
            raise self._failed("empty", f"{one.name} is of no file: nothing is listed that it should hold")
        return differing(one, self.read(one).sums, listed, "as it is listed")

    def changed(self) -> list[str]:
        """Files that are not as they stand in the newest of ours, are new, or are gone.

        Raises:
            CallFailed: there is none, or it cannot be read.
        """
        saved = self.manifest()["files"]
        now = self.sources.sums()
        return sorted(name for name in saved.keys() | now.keys() if saved.get(name) != now.get(name))

    def manifest(self, one: Stored | None = None) -> dict[str, Any]:
        """What one of ours (the newest) says of itself: ``target made files left_out``.

        Raises:
            CallFailed: there is none, or it cannot be read.
        """
        return self.making.manifest(self.making.folder / (one or self.newest()).name)

    def text(self, name: str, one: Stored | None = None) -> str:
        """What stands in a file of a backup (the newest one).

        Raises:
            CallFailed: as `read`; ``absent``: the file is not in it.
        """
        return self._reading.text(name, one or self.newest())

    def _failed(self, kind: str, said: str) -> CallFailed:
        return CallFailed(self._component, kind, f"{self._component}: {said}.")
