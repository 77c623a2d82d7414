"""Notes of what a process makes elsewhere for itself alone: on disk before it is made, found where it was killed."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import JournalError
from pytest_llmops.state.folder import private, state_folder
from pytest_llmops.state.new_folder import flush, new_folder
from pytest_llmops.state.scratch import held, is_orphan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FOLDER = "elsewhere"
_NOTE = re.compile(r"[a-z0-9_]+\.(\d+)\.json")


@contextmanager
def noted(state: Path, name: str, how: Mapping[str, Any]) -> Iterator[Path]:
    """Note what is about to be made. Whoever has removed it deletes the note; else it stays, and is found.

    Args:
        state: the state folder.
        name: what it is called: small letters, digits and _.
        how: it is removed.

    Yields:
        The note.

    Raises:
        JournalError: it cannot be written.
    """
    folder = state / FOLDER
    note = folder / f"{name}.{os.getpid()}.json"
    try:
        state_folder(state)
        new_folder(folder, 0o700)
        with open(note, "x", encoding="utf-8", opener=private) as file:
            file.write(json.dumps(how))
            file.flush()
            os.fsync(file.fileno())
        flush(folder)
    except OSError as error:
        raise JournalError(f"{note} cannot be written: {error}. Nothing is made without it.") from error
    with held(note):
        yield note


def left_elsewhere(state: Path) -> list[Path]:
    """The notes of processes that are gone, and have not removed what they made.

    Args:
        state: the state folder.
    """
    return sorted(path for path in (state / FOLDER).glob("*.json") if is_orphan(path, _NOTE))


def read(note: Path) -> dict[str, Any] | None:
    """How what it tells of is removed; None where it was not written to its end, so that nothing was made.

    Raises:
        JournalError: it cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        return None
    except OSError as error:
        raise JournalError(f"{note} cannot be read: {error}.") from error
    return found
