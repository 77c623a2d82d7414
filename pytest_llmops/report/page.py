"""A page for people: what rich prints, as lines that pytest's own writer or a command can print."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

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
