"""A report's file: there whole, or as it was before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmops.state.folder import private
from pytest_llmops.state.new_folder import new_folder

if TYPE_CHECKING:
    from pathlib import Path

HALVES = "backslashreplace"
"""What becomes of half a surrogate pair, which no file takes: it is spelled out, in JSON as what it is."""


def write_whole(folder: Path, name: str, text: str) -> Path:
    """Write a file in one step, so that nobody ever reads half of it.

    Args:
        folder: the reports' folder; made if absent.
        name: of the file.
        text: all of it.

    Returns:
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.{os.getpid()}.part"  # another run may write it, too
    part.write_text(text, encoding="utf-8", errors=HALVES)
    return part.replace(folder / name)


def write_privately(folder: Path, name: str, text: str) -> Path:
    """The same for its owner alone: what a deployment's logs, settings and users say is for nobody else.

    Args:
        folder: made for its owner alone if absent; one that is there keeps its mode.
        name: of the file.
        text: all of it.

    Returns:
        The file.
    """
    new_folder(folder, 0o700)
    part = folder / f".{name}.{os.getpid()}.part"  # another run may write it, too
    with open(part, "w", encoding="utf-8", errors=HALVES, opener=private) as opened:
        opened.write(text)
    return part.replace(folder / name)
