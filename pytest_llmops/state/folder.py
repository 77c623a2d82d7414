"""The folder in which a project's state lies beside its ``llmops.toml``; git leaves it alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def state_folder(path: Path) -> Path:
    """Make it where it is not there yet, with what keeps it out of commits.

    Raises:
        OSError: it cannot be made.
    """
    new_folder(path)
    ignored = path / ".gitignore"
    if not ignored.exists():
        ignored.write_text("# made by pytest-llmops\n*\n", encoding="utf-8")
    return path


def new_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it where they are not there yet, and have their names on disk.

    Args:
        path: the folder.
        mode: its permissions; those above it get the usual ones.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    new_folder(path.parent)
    path.mkdir(mode=mode, exist_ok=True)
    flush(path.parent)


def flush(folder: Path) -> None:
    """Have the names in a folder on disk.

    Raises:
        OSError: they cannot be written.
    """
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
