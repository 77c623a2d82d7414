"""Tables and sentences at the terminal, which fold where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.table import Table

ROOM = 92
"""Columns of a terminal from which tables need not be narrow."""


def table(*headings: str, folds: Collection[str] = (), numbers: Collection[str] = ()) -> Table:
    """A table of these columns; only those in ``folds`` are folded, those in ``numbers`` end flush."""
    from rich.console import Console
    from rich.table import Table

    gap = 2 if Console().width >= ROOM else 1
    made = Table(box=None, padding=(0, gap, 0, 0), header_style="dim")
    for heading in headings:
        side: Literal["left", "right"] = "right" if heading in numbers else "left"
        made.add_column(heading, justify=side, overflow="fold", no_wrap=heading not in folds, min_width=len(heading))
    return made


def show(filled: Table, otherwise: str) -> None:
    """Print it; without rows say something else."""
    from rich.console import Console

    if filled.row_count:
        Console(markup=False, highlight=False, emoji=False).print(filled)
    else:
        click.echo(otherwise)


def say(sentence: str, style: str = "") -> None:
    """Print a sentence: folded between words at a terminal, and on a line of its own in a file."""
    from rich.console import Console
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    console.print(Text(sentence, style), soft_wrap=not console.is_terminal)
