"""Text of anybody's in Markdown as GitHub renders it: escaped, in tables, no longer than it may be. A report read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST = 300
"""Characters of a cell or a bullet; what is longer stands whole in ``run.json``."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "$": "&#36;", "~": "&#126;"}
_SPECIAL = re.compile(r"[\\`*\[\]]|(?<![^\W_])_|_(?![^\W_])")


def escaped(text: str, most: int | None = LONGEST) -> str:
    """One line that reads as the text does, and is no markup: not of Markdown, nor of HTML, nor of a table.

    Args:
        text: anybody's.
        most: characters of it; None: all, where it stands nowhere else.
    """
    line = " ".join(text.split())
    line = line if most is None or len(line) <= most else f"{line[: most - 1].rstrip()}…"
    line = "".join(_ENTITIES.get(character, character) for character in line)
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", line)


def named(name: str) -> str:
    """A name, in the letters of code."""
    return f"<code>{escaped(name)}</code>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """The lines of a table.

    Args:
        headings: of the columns.
        rows: cells, escaped.
        right: headings of the columns that hold numbers.
    """
    under = ["---:" if heading in right else "---" for heading in headings]
    return ["", *(f"| {' | '.join(cells)} |" for cells in (headings, under, *rows)), ""]


def fitting(text: str, most: int, rest: str) -> str:
    """The text, or so many of its lines that it takes at most so many bytes, and where the rest is.

    Args:
        text: Markdown.
        most: bytes, as UTF-8.
        rest: says where the rest is; empty comes back where not even that fits.

    Half a surrogate pair, which no file takes, is spelled out.
    """
    text = text.encode(errors="backslashreplace").decode()
    if len(text.encode()) <= most:
        return text
    left, kept = most - len(f"\n{rest}\n".encode()), []
    if left < 0:
        return ""
    for line in text.splitlines(keepends=True):
        left -= len(line.encode())
        if left < 0:
            break
        kept.append(line)
    return f"{''.join(kept)}\n{rest}\n"


def parts_of(report: str) -> dict[str, str]:
    """What an incident report says, by the names of its lines (``Severity``) and headings (``Actions taken``)."""
    lines = re.findall(r"^- \*\*(.+?):\*\* (.*)$", report, re.MULTILINE)
    _, *rest = re.split(r"^## (.+)$", report, flags=re.MULTILINE)
    return {**dict(lines), **{name: text.strip() for name, text in zip(rest[::2], rest[1::2], strict=True)}}
