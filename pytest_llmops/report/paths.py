"""Paths as people type them."""

from __future__ import annotations

from pathlib import Path


def seen_from_here(path: Path | str) -> str:
    """A path as it would be typed in the working directory: from there where it lies below, else as it is."""
    path, here = Path(path), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
