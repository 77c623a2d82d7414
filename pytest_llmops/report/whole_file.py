"""A report's file: there whole, or as it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    part = folder / f".{name}.part"
    part.write_text(text, encoding="utf-8")
    return part.replace(folder / name)
