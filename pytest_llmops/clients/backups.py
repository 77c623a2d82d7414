"""Backups of files, proven: young enough, whole, complete, and the same as what they were made of once restored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients import backup_timing
from pytest_llmops.clients.backup_content import Content, Damaged, content, is_read, sha256, unpack
from pytest_llmops.clients.backup_making import MANIFEST, Making, now
from pytest_llmops.clients.backup_places import Place, Stored
from pytest_llmops.clients.backup_sums import differing, sum_of, summed
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.state.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from pytest_llmops.clients.file_facts import FileFact
    from pytest_llmops.target.backups import Backups as Table
    from pytest_llmops.target.load import Target

DAY_S = 86400.0


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
        self._component = component
        self._sources = sources
        self._root = root
        self._place = place or self.making.place

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
        facts = {fact.name: fact for name in self.table.holds for fact in self.reach(name, at)}
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
        with self._at_hand(one) as path:
            return self._content(one, path)

    def misrecorded(self, one: Stored | None = None) -> list[str]:
        """How a backup (the newest one) differs from the checksums that were recorded of it, in sentences.

        Those are in the table's ``checksums``, and of ours in its manifest.

        Raises:
            CallFailed: as `read`; ``absent``: nothing is recorded; ``bad-answer``: a line is none of sha256sum.
            Unsupported: the target does not say where they are.
        """
        one = one or self.newest()
        with self._at_hand(one) as path:
            if is_read(path):
                self._content(one, path)
            return self._misrecorded(one, path)

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
        one, began = one or self.newest(), time.perf_counter()
        with self._at_hand(one) as path:
            held = self._content(one, path)
            try:
                unpack(path, into)
            except Damaged as error:
                raise self._damaged(one, error) from error
            recorded = self._recorded_within(path)
        folder = self._based(into)
        found = {name: sha256(folder / name) for name in self._inside(held)}
        wrong = differing(one, found, recorded, "as its manifest says") if recorded is not None else []
        sources = {name: fact.sha256() for name, fact in self._unchanged(one).items() if name in found}
        wrong += [
            f"{one.last}: {name} is not as {self._root / name}, which has not changed since"
            for name, checksum in sources.items()
            if found[name] != checksum
        ]
        if self.table.with_secrets:
            wrong += [
                f"{one.last}: {name} may be read by others once it is restored: {mode:o} in place of 600"
                for name in found
                if (mode := (folder / name).stat().st_mode & 0o777) & 0o077
            ]
        if not sources and not recorded and not wrong:
            raise Vacuous(
                f"{self.name}: {one.name} can be compared with nothing: "
                "all that it holds was written since, or is gone."
            )
        same = sum(checksum in {sources.get(name), (recorded or {}).get(name)} for name, checksum in found.items())
        return Restored(one.name, folder, len(found), held.bytes, same, tuple(wrong), time.perf_counter() - began)

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
        held = self._inside(self.read(one))
        wrong: list[str] = []
        hollow: list[str] = []
        for name in sets or self.table.holds:
            due = self.making.parted([fact for fact in self.reach(name, one.at) if fact.changed_at <= one.at])[0]
            if not due:
                hollow.append(name)
            wrong += [f"{one.last}: {fact.name} is not in it" for fact in due if fact.name not in held]
        if hollow and not wrong:
            raise Vacuous(
                f"{self.name}: {one.name}: of {', '.join(hollow)} nothing was there when it was made "
                "that had to be in it."
            )
        return wrong

    def reach(self, name: str, at: float) -> list[FileFact]:
        """Files of a set that a backup of that moment reaches back to; also what was written after it, if it is new.

        Args:
            name: of the set; all of it where the table does not say of it for how long.
            at: when it was made, in seconds since the epoch.
        """
        last = self.table.holds[name].last if name in self.table.holds else None
        return [fact for fact in self._sources(name) if last is None or fact.changed_at >= at - last]

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
        with self._at_hand(one) as copy, original._at_hand(other) as path:
            sums = self._content(one, copy).sums if copy.is_dir() else sha256(copy)
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
        facts = [fact for name in self.table.holds for fact in self.reach(name, time.time())]
        now = {fact.name: fact.sha256() for fact in self.making.parted(facts)[0]}
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
        one = one or self.newest()
        with self._at_hand(one) as path, scratch_folder() as scratch:
            try:
                unpack(path, scratch)
            except Damaged as error:
                raise self._damaged(one, error) from error
            file = self._based(scratch) / name
            if not file.is_file():
                raise self._failed("absent", f"{one.name} has no file {name}")
            return file.read_text(encoding="utf-8", errors="replace")

    def _at_hand(self, one: Stored) -> AbstractContextManager[Path]:
        ours = (self.making.folder / one.name).is_file()
        return (self.making.place if ours else self._place).at_hand(one)

    def _content(self, one: Stored, path: Path) -> Content:
        try:
            found = content(path)
        except Damaged as error:
            raise self._damaged(one, error) from error
        if not [name for name in found.sums if name != MANIFEST]:
            raise self._failed("empty", f"{one.name} has no file in it")
        return found

    def _misrecorded(self, one: Stored, path: Path) -> list[str]:
        within = self._recorded_within(path)
        if within is not None:
            held = {name: checksum for name, checksum in content(path).sums.items() if name != MANIFEST}
            held.pop(self.table.checksums, None)
            return differing(one, held, within, "as was recorded")
        if not self.table.checksums:
            raise Unsupported(f"{self._component}: backups {self.name} do not say where their checksums stand.")
        name = self.table.checksums.format(name=one.last)
        text = self._place.beside(one, name)
        if not text or not text.split():
            raise self._failed("absent", f"{one.name} has no checksum: there is nothing in {name} beside it")
        same = sum_of(self._component, one, text.splitlines(), name) == sha256(path)
        return [] if same else [f"{one.last} is not as was recorded: its SHA-256 is another than in {name}"]

    def _recorded_within(self, path: Path) -> dict[str, str] | None:
        """Sums by the names of files, as they stand in the backup itself; None: it has none."""
        if path.parent == self.making.folder:
            said = self.making.manifest(path)
            return {**said["files"], **said["texts"]}
        file = path / self.table.checksums if self.table.checksums and path.is_dir() else None
        if file is None:
            return None
        if not file.is_file():
            raise self._failed("absent", f"{path.name} has no checksums: there is no {self.table.checksums} in it")
        return summed(
            self._component,
            file.read_text(encoding="utf-8", errors="replace").splitlines(),
            f"{path.name}/{self.table.checksums}",
        )

    def _unchanged(self, one: Stored) -> dict[str, FileFact]:
        return {
            fact.name: fact for name in self.table.holds for fact in self._sources(name) if fact.changed_at <= one.at
        }

    def _inside(self, held: Content) -> list[str]:
        """Names of its files below what stands for root."""
        ours = self.table.ours or MANIFEST in held.sums
        base = () if ours else PurePosixPath(self.table.base).parts
        beside = {MANIFEST, self.table.checksums if self.table.folders else ""}
        found = []
        for name in held.sums:
            parts = PurePosixPath(name).parts
            if name not in beside and len(parts) > len(base) and all(map(fnmatch, parts, base)):
                found.append("/".join(parts[len(base) :]))
        return found

    def _based(self, folder: Path) -> Path:
        if self.table.ours or (folder / MANIFEST).is_file() or not self.table.base:
            return folder
        return next(iter(sorted(folder.glob(self.table.base))), folder)

    def _damaged(self, one: Stored, error: Damaged) -> CallFailed:
        return self._failed("damaged", f"{one.name} is damaged, and restores nothing that can be relied on: {error}")

    def _failed(self, kind: str, said: str) -> CallFailed:
        return CallFailed(self._component, kind, f"{self._component}: {said}.")
