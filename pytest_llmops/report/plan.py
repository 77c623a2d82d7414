"""A plan: what a run would do and cost, for people at the terminal and as ``plan.json`` for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from pytest_llmops.report.disruption_plan import fill
from pytest_llmops.report.metric import so_many
from pytest_llmops.report.page import page
from pytest_llmops.report.whole_file import write_whole
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rich.console import Console

PLAN_JSON = "plan.json"
SCHEMA = 1
"""Raised when a reader of an older file would misread a newer one. The fields are described in docs/plan.md."""

NUMBERS_WIDTH = 17
OF_WIDTH = 15
"""Columns that the numbers take with the space around them, and those that are left for what is called."""


def write(folder: Path, plan: dict[str, Any]) -> Path:
    """Write the plan, in one step.

    Args:
        folder: the reports' folder; made if absent.
        plan: everything but the schema's number.
    """
    text = json.dumps({"schema": SCHEMA, **plan}, indent=1, ensure_ascii=False) + "\n"
    return write_whole(folder, PLAN_JSON, text)


def lines(plan: dict[str, Any], *, color: bool, width: int) -> list[str]:
    """The plan in lines.

    Args:
        plan: as in ``plan.json``.
        color: whether the terminal takes colors.
        width: columns.
    """
    return page(lambda console: _fill(console, plan), color=color, width=width)


def _fill(console: Console, plan: dict[str, Any]) -> None:
    fill(console, plan)
    if plan["checks"]:
        console.print(_checks(plan, console.width))
        console.print()
    facts = Table.grid(padding=(0, 1, 0, 0))
    facts.add_column(width=12, style="dim")
    facts.add_column()
    for word, text in _totals(plan):
        facts.add_row(word, text)
    console.print(facts)


def _checks(plan: dict[str, Any], width: int) -> Table:
    """A row for each check, and one for what is asked once for all of them."""
    checks, twice = plan["checks"], plan["against"] is not None  # twice: each timed call is made elsewhere, too
    longest = max(len(check["test"].partition("::")[2]) for check in checks) + 2
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    name_width = min(longest, width - 2 - NUMBERS_WIDTH - OF_WIDTH)
    table.add_column("check", overflow="fold", width=name_width)
    for heading in ("calls", "tokens"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of", max_width=width - 2 - NUMBERS_WIDTH - name_width)
    file = ""
    for check in checks:
        path, _, name = check["test"].partition("::")
        if path != file:
            file = path
            table.add_row(Text(path, "dim"), "", "", "")
        of = ", ".join([*check["components"], *check["once"]])
        how = ["timed" if check["timed"] else "", "alone" if check["alone"] and not check["timed"] else ""]
        calls = check["calls"] + (check["timed_calls"] if twice else 0)
        tokens = check["tokens"] + (check["timed_tokens"] if twice else 0)
        table.add_row(f"  {name}", str(calls), str(tokens or ""), ", ".join(filter(None, (of, *how))))
    shared = plan["total"]["calls"] - sum(check["calls"] for check in checks)
    if shared:
        once = sorted({name for check in checks for name in check["once"]})
        table.add_row(Text("once for all of these", "dim"), str(shared), "", ", ".join(["preflight", *once]))
    return table


def _totals(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for index, (reason, count) in enumerate(plan["not_applicable"].items()):
        yield "" if index else "left out", f"{count}: {reason}"
    yield "checks", counted(plan["total"]) if plan["checks"] else "nothing would run"
    if plan["checks"]:
        yield "cost", cost(plan["total"])
        yield "at most", f"{most(plan['budget'])} (the budget)"
        if plan["share"]:
            yield "shares", each(plan["share"], plan["total"])
        if plan["against"]:
            yield "against", in_turns(plan["against"])


def counted(total: dict[str, Any]) -> str:
    """How many checks there are."""
    some = so_many(total["checks"], "check")
    return f"{some}, {total['timed']} of them timed" if total["timed"] else some


def cost(total: dict[str, Any]) -> str:
    """What they cost if nothing is suspicious."""
    shares = ", ".join(f"{name} {count}" for name, count in total["calls_by_component"].items())
    return f"about {so_many(total['calls'], 'call')}{f' ({shares})' if shares else ''}{_up_to(total['tokens'])}"


def announced(total: dict[str, Any]) -> str:
    """How many checks there are and what they cost, in the line before the first of them."""
    return f"{counted(total)}: about {so_many(total['calls'], 'call')}{_up_to(total['tokens'])}"


def _up_to(tokens: int) -> str:
    return f", up to {so_many(tokens, 'token')}" if tokens else ""


def each(share: Mapping[str, Any], total: Mapping[str, Any]) -> str:
    """What a single measurement may cost.

    Args:
        share: as in ``plan.json``.
        total: the same.
    """
    count = share["measurements"]
    what = "timed test" if count == total["timed"] else "measurement"
    which = f"each of {count} {what}s" if count > 1 else f"the {what}"
    fewer = share["calls_where_slow"]
    slow = f", and makes {fewer} calls at first where one takes more than 1 s" if fewer else ""
    return f"{which} may take {spoken(share['seconds'])}{slow}"


def in_turns(against: Mapping[str, Any]) -> str:
    """What the deployment that is called in turns with the target is asked.

    Args:
        against: as in ``plan.json``.
    """
    if not against["calls"]:
        return f"{against['called']}: no timed check is selected, so nothing is called there"
    tokens = f", up to {against['tokens']} tokens" if against["tokens"] else ""
    return (
        f"{against['called']}: every timed call is made in turns on both; stored baselines are not consulted. "
        f"About {so_many(against['calls'], 'call')} there{tokens}; at most {most(against['budget'])}"
    )


def most(budget: Mapping[str, Any]) -> str:
    """What a run may cost whatever happens.

    Args:
        budget: ``requests``, ``tokens``, ``seconds``, and ``cost`` where there is one.
    """
    money = f", {budget['cost']:g} in money" if budget.get("cost") is not None else ""
    return f"{budget['requests']} calls, {budget['tokens']} tokens{money} and {budget['seconds']:g} s of measuring"
