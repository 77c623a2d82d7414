"""Folders whose names are on disk before anything relies on what lies in them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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
