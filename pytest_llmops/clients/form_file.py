"""A file that is sent as a field of a form, piece by piece: it need not fit into memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 1 << 20
"""Bytes that are read at a time."""


@dataclass(frozen=True, slots=True)
class FormFile:
    """One file in a form of its own (multipart/form-data).

    Attributes:
        name: of the form's field.
        path: of the file.
    """

    name: str
    path: Path
    boundary: str = field(default_factory=lambda: uuid4().hex)

    @property
    def headers(self) -> dict[str, str]:
        """What is said of it; with its length, for not every server takes one of which that is unknown."""
        length = len(self._head) + self.path.stat().st_size + len(self._tail)
        return {"Content-Type": f"multipart/form-data; boundary={self.boundary}", "Content-Length": str(length)}

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
        yield self._tail

    @property
    def _head(self) -> bytes:
        named = f'Content-Disposition: form-data; name="{self.name}"; filename="{self.path.name}"'
        return f"--{self.boundary}\r\n{named}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()
