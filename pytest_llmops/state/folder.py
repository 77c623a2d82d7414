"""The folder in which a project's state lies beside its ``llmops.toml``; git leaves it alone.

What is written there tells of a deployment (addresses, failures, who did what), so it is for its owner alone: files
are made with `private`, folders below it with ``new_folder(…, 0o700)``. What is there keeps its mode: its owner
may let others read it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_llmops.state.new_folder import new_folder

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


def file_name(target: str) -> str:
    """What a target's file, or folder, is called: no two targets' are alike."""
    return quote(target, safe="")


def private(path: str | Path, flags: int) -> int:
    """What ``open(…, opener=private)`` opens files by; one that is there keeps its mode."""
    return os.open(path, flags, 0o600)


def names_in(folder: Path) -> list[str]:
    """The names of all that lies in a folder, sorted; none where there is no such folder.

    Raises:
        OSError: it cannot be looked into, of which ``Path.glob`` says nothing.
    """
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names are all that is asked for)
    except FileNotFoundError:
        return []
