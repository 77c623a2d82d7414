"""A report's file: there whole, or as it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.state.whole import USUAL, put

if TYPE_CHECKING:
    from pathlib import Path


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
    return put(folder / name, text, USUAL)


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
    return put(folder / name, text)
