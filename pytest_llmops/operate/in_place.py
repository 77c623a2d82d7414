"""A backup that is restored in the place of what it is of, for as long as it takes to compare; all is put back."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.control.aside import AsideDriver
from pytest_llmops.errors import StepFailed, Vacuous
from pytest_llmops.operate.set_aside import ASIDE, SetAside
from pytest_llmops.target.settings import Aside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmops.clients.file_facts import FileFact
    from pytest_llmops.clients.files import Files
    from pytest_llmops.control.change import Change

RESTORED = ".llmops-restored"
"""Below root: where restored files lie until the others have made room."""

ORIGINALS, COPIES = "files that a backup is restored over", "files of a backup"


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


def restored_in_place(files: Files, name: str, of: str, change: Change, scratch: Path) -> InPlace:
    """Restore the files of a set from the newest backup to where they are, compare, and put back what was there.

    The files that are there are set aside, those of the backup take their place, with the same modes and owners; a file
    that is not in the backup is away meanwhile. Both are acts of the journal, and are taken back at once.

    Args:
        files: the application's.
        name: of the backups.
        of: the set.
        change: sets aside, and puts back.
        scratch: an empty folder, which the backup is unpacked into.

    Raises:
        CallFailed: there is no backup, or it is damaged; nothing was changed.
        ControlError: a file cannot be moved.
        StepFailed: the backup holds nothing of the set; files of an earlier restoration lie about; not all could be
            put back.
        Vacuous: all of the set was written since the backup was made; nothing was changed.
    """
    backups, before = files.backups(name), {fact.name: fact for fact in files.found(of).facts}
    one = backups.newest()
    due = {fact.name: fact.sha256() for fact in before.values() if fact.changed_at <= one.at}
    if not due:
        raise Vacuous(f"{one.name}: all of {of} was written since, so that nothing of it can be compared.")
    folder = backups.restored(scratch, one).folder
    held = [file for file in sorted(before) if (folder / file).is_file()]
    if not held:
        raise StepFailed(f"{one.name} holds nothing of {of}: it would restore none of it.")
    began = time.perf_counter()
    with _beside(files, folder, held, before) as copies:
        change.also(COPIES, copies)
        SetAside(change, ORIGINALS, files.root, ASIDE, sorted(before))
        change.set(COPIES, aside=[])
        took_s = time.perf_counter() - began
        after = {fact.name: fact.sha256() for fact in files.found(of).facts}
        if not change.undo():
            raise StepFailed(f"{one.name}: not all of {of} could be put back as it was.")
    gone = [f"{one.last}: {file} is not there once it is restored" for file in due if file not in after]
    other = [f"{one.last}: {file} is not as it was before" for file in due if after.get(file, due[file]) != due[file]]
    return InPlace(one.name, len(held), took_s, (*gone, *other))


@contextmanager
def _beside(files: Files, folder: Path, names: list[str], as_of: Mapping[str, FileFact]) -> Iterator[Aside]:
    """The restored files, beside those that they take the place of, on the same disk; they go with the context."""
    root = files.root.resolve()
    table = Aside(driver="aside", root=str(root), folder=RESTORED)
    if (root / RESTORED).exists():
        raise StepFailed(
            f"{root / RESTORED} is there, of a restoration that was killed. "
            "Look that nothing is missing, then delete it."
        )
    try:
        for name in names:
            path = root / RESTORED / name
            path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            shutil.copy2(folder / name, path)
            path.chmod(as_of[name].mode)
            if os.geteuid() == 0:
                state = as_of[name].path.stat()
                os.chown(path, state.st_uid, state.st_gid)
        yield table
    finally:
        AsideDriver(table, files.target).delete(names)
