"""Paths that must stay below a folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator


def _stays_below(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or text.startswith("~"):
        raise ValueError(f"{text!r} leaves its root; name it relative to root, without '..'")
    return text


Below = Annotated[str, AfterValidator(_stays_below)]
"""A relative path or glob that does not climb out of its root."""
