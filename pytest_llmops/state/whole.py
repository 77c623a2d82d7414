"""A file in one step: there whole, or as it was before."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmops.state.new_folder import flush

if TYPE_CHECKING:
    from pathlib import Path

HALVES = "backslashreplace"
"""What becomes of half a surrogate pair, which no file takes: it is spelled out, in JSON as what it is."""

OWNERS, USUAL = 0o600, 0o666
"""Modes of a file: for its owner alone, and as the umask has it."""


def put(file: Path, text: str, mode: int = OWNERS, *, lasting: bool = False) -> Path:
    """Write a file in one step, so that nobody ever reads half of it; other processes of the machine may do the same.

    Args:
        file: in a folder that is there.
        text: all of it.
        mode: of the file, as far as the umask lets it.
        lasting: whether it has to be there even if the machine fails at once.

    Returns:
        The file.

    Raises:
        OSError: it cannot be written, and is as it was.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with open(
            part, "w", encoding="utf-8", errors=HALVES, opener=lambda path, flags: os.open(path, flags, mode)
        ) as opened:
            opened.write(text)
            if lasting:
                opened.flush()
                os.fsync(opened.fileno())
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
    if lasting:
        flush(file.parent)
    return file
