"""The lines of a streamed answer, out of the pieces in which it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def lines_of(pieces: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, str]]:
    """The lines that hold something, each with the moment at which its last byte came.

    A line feed alone ends one: JSON may hold U+2028, U+2029 and U+0085 as they are, which ``str.splitlines`` cuts at.

    Args:
        pieces: moments and bytes, cut anywhere.
    """
    rest, came = b"", 0.0
    for came, piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if text := _text(line):
                yield came, text
    if text := _text(rest):
        yield came, text


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
