"""What was written to the vectors since the corpus, on disk: a part that starts again has it, as a real one does."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class WriteAhead:
    """Writes in their order, a line each.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, do: str, name: str, body: dict[str, Any]) -> None:
        """Keep a write that was carried out.

        Args:
            do: which.
            name: of the collection.
            body: of the request.
        """
        os.write(self._file, json.dumps([do, name, body]).encode() + b"\n")

    def kept(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """All writes, the first first; one that was cut short by the end of its process never was."""
        for line in self._path.read_bytes().split(b"\n")[:-1]:
            do, name, body = json.loads(line)
            yield do, name, body
