"""What the disruptive tests of a plan would do: action, undo, who else is touched, what it costs, what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from pytest_llmops.report.metric import so_many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

WORD_WIDTH = 10


def fill(console: Console, plan: dict[str, Any]) -> None:
    """Show them, those that would run first.

    Args:
        console: where to.
        plan: as in ``plan.json``.
    """
    for check in disruptive(plan):
        console.print(Text(check["test"], "bold"))
        for word, text in _facts(check):
            row = Table.grid(padding=(0, 1, 0, 0))
            row.add_column(width=WORD_WIDTH, style="dim")
            row.add_column()
            row.add_row(f"  {word}", Text(text))
            console.print(row)
        console.print()


def disruptive(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks that change the target, and those that would if they had their keys.

    Args:
        plan: as in ``plan.json``.
    """
    left_out = [one["would"] for one in plan["left_out"] if one.get("would")]
    return [check for check in [*plan["checks"], *left_out] if check["disruption"]]


def _facts(check: dict[str, Any]) -> Iterator[tuple[str, str]]:
    asked = check["disruption"]
    yield "target", f"{asked['target']} ({asked['environment']})"
    if not asked["acts"]:
        yield "action", "not by 'change': see the test"
    for act in asked["acts"]:
        yield "action", f"{act['act']} {act['component']} ({act['what']})".replace("  ", " ")
        yield "undo", act["undo"]
        touched = [f"{name} ({why})" for name, why in act["touches"].items()]
        yield "touches", ", ".join([act["component"] or act["what"], *touched])
    tokens = f", up to {check['tokens']} tokens" if check["tokens"] else ""
    yield "cost", f"about {so_many(check['calls'], 'call')}{tokens}"
    for index, what in enumerate(asked["lacking"]):
        yield "" if index else "lacks", what
