"""A backup that is restored in the place of what it is of, for as long as somebody looks; then all is put back."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pytest_llmops.clients.backup_content import sha256
from pytest_llmops.errors import StepFailed, Vacuous
from pytest_llmops.operate.set_aside import ASIDE, SetAside
from pytest_llmops.target.settings import Aside, Laid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.backup_places import Stored
    from pytest_llmops.clients.backup_restoring import Restored
    from pytest_llmops.clients.file_facts import FileFact
    from pytest_llmops.clients.files import Files
    from pytest_llmops.control.change import Change

RESTORED = ".llmops-restored"
"""Below root: where restored files lie until the others have made room."""

ORIGINALS, COPIES = "files that a backup is restored over", "files of a backup"
BESIDE = "files of a backup, beside those that they take the place of"


@dataclass(frozen=True, slots=True)
class InPlace:
    """What a restoration in place came to.

    Attributes:
        of: the backup's name.
        files: how many of it stood in the place of the others.
        took_s: until they did.
        wrong: sentences of what was not as before.
    """

    of: str
    files: int
    took_s: float
    wrong: tuple[str, ...]


class Restoration:
    """Sets of files of a backup, in the place of those that are there: a context, at whose end all is put back.

    The backup is unpacked elsewhere, and compared; `put` lays the files of a set beside those that are there, sets
    these aside, and has the others take their place, with the same modes and owners: a file that is not in the backup
    is away meanwhile. Each is an act of the journal. The end of the context takes back all that the change did, also
    what it stopped and started meanwhile.

    Args:
        files: the application's.
        name: of the backups.
        change: sets aside, and puts back.
        scratch: a folder that is not there, which the backup is unpacked into.
        one: which backup; the newest by default.

    Raises:
        CallFailed: there is no backup.
    """

    def __init__(self, files: Files, name: str, change: Change, scratch: Path, one: Stored | None = None) -> None:
        self._files = files
        self._backups = files.backups(name)
        self.one = one or self._backups.newest()
        self._change = change
        self._scratch = scratch
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        """Put all back.

        Raises:
            StepFailed: not all could be.
        """
        back = self._change.undo()
        if not back and kind is None:
            raise StepFailed(f"{self.one.name}: not all could be put back as it was.")

    def unpack(self) -> Restored:
        """Unpack it into the scratch folder and compare it there; nothing of the application is touched.

        Raises:
            CallFailed: it is damaged.
            Vacuous: nothing of it can be compared.
        """
        found = self._backups.restored(self._scratch, self.one)
        self._folder = found.folder
        return found

    def put(self, *sets: str) -> dict[str, InPlace]:
        """Have the files of these sets take the place of those that are there; by set what that came to.

        Raises:
            CallFailed, Vacuous: as `unpack`, where that was not called; all of a set was written since the backup was
                made. Nothing was changed.
            StepFailed: the backup holds nothing of a set; files of an earlier restoration lie about.
            ControlError: a file cannot be moved.
        """
        before = {of: {fact.name: fact for fact in self._backups.sources.reach(of, self.one.at)} for of in sets}
        due = {of: self._due(of, facts) for of, facts in before.items()}
        folder = self._folder or self.unpack().folder
        held = {of: self._held(of, facts, folder) for of, facts in before.items()}
        every = {name: fact for facts in before.values() for name, fact in facts.items()}
        began = time.perf_counter()
        laid = self._lay_beside(folder, sorted({name for names in held.values() for name in names}), every)
        self._change.also(COPIES, Aside(driver="aside", root=self._root, folder=RESTORED))
        SetAside(self._change, ORIGINALS, self._files.root, ASIDE, sorted(every))
        self._change.set(COPIES, aside=[])
        took_s = time.perf_counter() - began
        copied = {of: {name: sha256(folder / name) for name in names} for of, names in held.items()}
        wrong = {of: self._wrong(of, due[of], copied[of], laid) for of in sets}
        return {of: InPlace(self.one.name, len(held[of]), took_s, wrong[of]) for of in sets}

    def clean_up(self) -> None:
        """Delete what was unpacked."""
        shutil.rmtree(self._scratch)

    @property
    def _root(self) -> str:
        return str(self._files.root.resolve())

    def _due(self, of: str, facts: Mapping[str, FileFact]) -> dict[str, str]:
        """The checksums of what was not written since it was made."""
        due = {name: fact.sha256() for name, fact in facts.items() if fact.changed_at <= self.one.at}
        if not due:
            raise Vacuous(f"{self.one.name}: all of {of} was written since, so that nothing of it can be compared.")
        return due

    def _held(self, of: str, facts: Mapping[str, FileFact], folder: Path) -> list[str]:
        held = [name for name in facts if (folder / name).is_file()]
        if not held:
            raise StepFailed(f"{self.one.name} holds nothing of {of}: it would restore none of it.")
        return held

    def _wrong(
        self, of: str, due: Mapping[str, str], copied: Mapping[str, str], laid: Mapping[str, float]
    ) -> tuple[str, ...]:
        """What is not as it was, or as it was copied; what the application wrote to meanwhile only has to be there."""
        facts = self._files.found(of).facts
        after = {fact.name: fact.sha256() for fact in facts}
        written = {fact.name for fact in facts if fact.name in laid and _changed_at(fact.path) != laid[fact.name]}
        gone = [f"{self.one.last}: {name} is not there once it is restored" for name in due if name not in after]
        other = [
            f"{self.one.last}: {name} is not as it was before"
            for name, checksum in due.items()
            if name not in written and after.get(name, checksum) != checksum
        ]
        unlike = [
            f"{self.one.last}: {name} is not as it is in the backup"
            for name, checksum in copied.items()
            if name not in written and after.get(name, checksum) != checksum
        ]
        return (*gone, *other, *unlike)

    def _lay_beside(self, folder: Path, names: list[str], as_of: Mapping[str, FileFact]) -> dict[str, float]:
        """Copy restored files beside those that they take the place of, to the same disk; when each was written."""
        place = Path(self._root) / RESTORED
        if place.exists():
            raise StepFailed(
                f"{place} is there, of a restoration that was killed. Look that nothing is missing, then delete it."
            )
        self._change.also(BESIDE, Laid(driver="laid", root=self._root, folder=RESTORED))
        self._change.set(BESIDE, there=True)
        for name in names:
            path = place / name
            path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            shutil.copy2(folder / name, path)
            path.chmod(as_of[name].mode)
            if os.geteuid() == 0:
                state = as_of[name].path.stat()
                os.chown(path, state.st_uid, state.st_gid)
        return {name: _changed_at(place / name) for name in names}


def _changed_at(path: Path) -> float:
    return path.stat().st_mtime


def restored_in_place(files: Files, name: str, of: str, change: Change, scratch: Path) -> InPlace:
    """Restore the files of a set from the newest backup in their place, compare, and put back at once what was there.

    Args:
        files: the application's.
        name: of the backups.
        of: the set.
        change: sets aside, and puts back.
        scratch: a folder that is not there, which the backup is unpacked into.

    Raises:
        CallFailed, ControlError, Vacuous: as of `Restoration`.
        StepFailed: as of it; not all could be put back.
    """
    with Restoration(files, name, change, scratch) as restoration:
        return restoration.put(of)[of]
