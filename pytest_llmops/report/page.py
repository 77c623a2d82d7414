"""A page for people: what rich prints, as lines that pytest's own writer or a command can print."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NARROWEST = 60
"""Columns below which no table is squeezed."""


def page(fill: Callable[[Console], None], *, color: bool, width: int) -> list[str]:
    """What is printed to a console, in lines without trailing blanks.

    Args:
        fill: prints it.
        color: whether the terminal takes colors.
        width: columns.
    """
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(NARROWEST, width),
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
    fill(console)
    return [line.rstrip() for line in out.getvalue().rstrip("\n").splitlines()]


def flowing(items: Sequence[str], width: int) -> str:
    """Items in as few lines as they fit in, with commas: a line ends between two of them, and never within a value.

    Args:
        items: that are listed.
        width: columns; an item that is wider has a line of its own.
    """
    lines = [""]
    for item in [*(f"{item}," for item in items[:-1]), *items[-1:]]:
        if lines[-1] and cell_len(f"{lines[-1]} {item}") > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {item}".lstrip()
    return "\n".join(lines)
