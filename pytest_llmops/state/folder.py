"""The state folder: what outlives a run on this machine, and is nobody's to commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def made(path: Path) -> Path:
    """The folder, made with a ``.gitignore`` of everything if it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    ignored = path / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
    return path
