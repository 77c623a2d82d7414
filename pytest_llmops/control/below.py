"""Opens a folder below another, part by part, so that no link leads elsewhere."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path, PurePosixPath

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
"""How a folder is opened that may be no link."""


@contextmanager
def below(root: Path, path: PurePosixPath, *, make: bool = False) -> Iterator[int]:
    """The descriptor of a folder below a root; the root itself may be reached by links.

    Args:
        root: of all that may be opened.
        path: relative to it.
        make: whether folders that are not there are made, for their owner alone.

    Raises:
        OSError: a part of the path is not there, is a link (``ELOOP``, ``ENOTDIR``), or cannot be opened.
    """
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in path.parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=opened)
            inner = os.open(part, FOLDER, dir_fd=opened)
            os.close(opened)
            opened = inner
        yield opened
    finally:
        os.close(opened)
