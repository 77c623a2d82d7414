"""What the doctor found, for people: each component, what can run, what it costs, and what to do."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pytest_llmops.report.metric import so_many
from pytest_llmops.report.page import page
from pytest_llmops.report.paths import seen_from_here
from pytest_llmops.report.plan import counted, most
from pytest_llmops.samples import COLD_S
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

COLORS = {"ok": "green", "warning": "yellow", "problem": "bold red"}
FIRST_COLUMN = 12


def lines(found: dict[str, Any], *, color: bool, width: int) -> list[str]:
    """The whole page, in lines.

    Args:
        found: as in ``llmops doctor --json``.
        color: whether the terminal takes colors.
        width: columns.
    """

    def fill(console: Console) -> None:
        for part in _parts(found):
            console.print(part)

    return page(fill, color=color, width=width)


def _parts(found: dict[str, Any]) -> Iterator[RenderableType]:
    where = f", {seen_from_here(found['file'])}" if found["file"] else ", no llmops.toml"
    yield Text(f"{found['target']}: profile {found['profile']}{where}", "bold")
    if found["embedded"]:
        yield Text("This is the embedded sandbox: each run starts it, so there is nothing to ask now.")
    yield Text("")
    for component in found["components"]:
        yield from _component(component)
    if found["suites"]:
        yield _suites(found["suites"])
        yield Text("")
    yield _facts(found)
    if found["findings"]:
        yield Text("")
        yield _findings(found["findings"])
    yield Text("")
    if not found["file"]:
        yield Text("For a system of your own write an llmops.toml: llmops init.")
    yield _verdict(found)


def _component(component: dict[str, Any]) -> Iterator[RenderableType]:
    optional = [] if component["required"] else ["not required"]
    yield Text.assemble((component["component"], "bold"), f"  {', '.join([component['address'], *optional])}")
    steps = Table.grid(padding=(0, 2, 0, 0))
    steps.add_column(width=7)
    steps.add_column(width=12, no_wrap=True)
    steps.add_column(width=7, justify="right", no_wrap=True)
    steps.add_column(overflow="fold")
    for step in component["steps"]:
        said = step["said"] or _told(step["name"], component["facts"])
        took = "" if step["took_s"] is None else spoken(step["took_s"])
        steps.add_row(Text(step["state"], COLORS[step["state"]]), step["name"], took, said)
    yield Padding(steps, (0, 0, 1, 2))


def _told(step: str, facts: dict[str, str]) -> str:
    """What the server said of itself, beside the step that brought it."""
    if step == "model listed":
        told = [facts.get(key, "") for key in ("model", "quantisation", "size", "digest")]
        told[3] = told[3].removeprefix("sha256:")[:12]
        return ", ".join(filter(None, told))
    if step == "generates" and (load_s := float(facts.get("load_s", 0))) >= COLD_S:
        return f"loading the model took {spoken(load_s)}"
    return f"server {facts['server']}" if step == "reachable" and facts.get("server") else ""


def _suites(suites: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("suite")
    for heading in ("checks", "timed"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("left out", overflow="fold")
    for suite in suites:
        why = [f"{count}: {reason}" for reason, count in suite["left_out"].items()]
        why += [f"{count} need {name}, which is not all right" for name, count in suite["blocked"].items()]
        table.add_row(suite["suite"], str(suite["checks"]), str(suite["timed"] or ""), "\n".join(why))
    return table


def _facts(found: dict[str, Any]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=FIRST_COLUMN, style="dim")
    grid.add_column(overflow="fold")
    for word, text in (("a daily run", _daily(found)), ("baselines", _baselines(found["baselines"], _run(found)))):
        grid.add_row(word, text)
    for index, note in enumerate(found["notes"]):
        grid.add_row("" if index else "notes", note)
    return grid


def _daily(found: dict[str, Any]) -> str:
    cost, budget = found["daily"], found["budget"]
    tokens = f", up to {cost['tokens']} tokens" if cost["tokens"] else ""
    took = _about(cost["seconds"])
    if cost["untimed"]:
        took = f"more than {took} ({', '.join(cost['untimed'])} could not be timed)"
    return f"{counted(cost)}: about {so_many(cost['calls'], 'call')}{tokens}, {took}. At most {most(budget)}."


def _about(seconds: float) -> str:
    return spoken(max(1.0, float(f"{seconds:.2g}")))


def _run(found: dict[str, Any]) -> str:
    """What starts a daily run: without a file nothing is collected but for a target that is named."""
    return "pytest -m daily" if found["file"] else f"pytest -m daily --llmops-target {found['target']}"


def _baselines(found: dict[str, Any], run: str) -> str:
    said = ", ".join(f"{count} {state}" for state, count in found["states"].items())
    would = f"the next run says of its timed metrics: {said}" if said else "no metric is timed"
    if not found["runs"]:
        return f"none; {would}. Record one: {run} --llmops-baseline record"
    newest = dt.datetime.fromtimestamp(found["newest"], dt.UTC).date()
    differs = f" ({found['differs']})" if found["differs"] else ""
    return f"{found['runs']} accepted, the newest of {newest}; {would}{differs}"


def _findings(findings: list[dict[str, Any]]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=FIRST_COLUMN)
    grid.add_column(overflow="fold")
    for finding in sorted(findings, key=lambda one: one["severity"] != "problem"):
        what = finding["what"]
        words = what if what.endswith((".", "?")) else f"{what}."
        severity = Text(finding["severity"].upper(), COLORS[finding["severity"]])
        grid.add_row(severity, Text(f"{words[:1].upper()}{words[1:]}" if not finding["component"] else words))
        if finding["advice"]:
            grid.add_row("", Text(finding["advice"], "cyan"))
    return grid


def _verdict(found: dict[str, Any]) -> Text:
    problems = sum(finding["severity"] == "problem" for finding in found["findings"])
    warnings = len(found["findings"]) - problems
    some = so_many(warnings, "warning") if warnings else "no warnings"
    if problems:
        return Text(f"Not ready: {so_many(problems, 'problem')}, {some}.", "bold red")
    return Text(f"Ready for {_run(found)}; {some}.", "bold green")
