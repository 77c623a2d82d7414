"""``llmops recover``: brings back what a change left behind whose process was killed, or whose undo failed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option
from pytest_llmops.errors import Occupied

if TYPE_CHECKING:
    from pytest_llmops.control.recovery import Recovery


@click.command()
@config_option
@click.option("--target", help="Only this one; otherwise all that were left changed.")
@click.option("--plan", is_flag=True, help="Only show what is open and how it would be taken back.")
def recover(config: Path | None, target: str | None, plan: bool) -> None:
    """Bring back what a killed run, or a failed undo, left changed. Needs no key: it changes nothing else.

    Exits 0 when nothing is left open, 1 otherwise.
    """
    from pytest_llmops.control.recovery import recoveries
    from pytest_llmops.target.load import find, state_path

    file = find(config, Path.cwd())
    found = recoveries(state_path(file, Path.cwd()), target)
    if not any(one.story.open for one in found):
        for one in found:
            _carry_out(one)
        click.echo("nothing is open: all changes were taken back")
        return
    done = [(_show if plan else _recover)(one) for one in found]
    sys.exit(0 if all(done) else 1)


def _show(one: Recovery) -> bool:
    """What is open, and how it would be taken back."""
    from pytest_llmops.report.left_changed import entries, who

    click.echo(f"{one.target}: changed by {who(one.story)}")
    for entry in entries(one.story):
        click.echo(f"  {entry['act']} {entry['component']} ({entry['what']}): back to {entry['state']}")
        if entry["why"]:
            click.echo(f"    {entry['why']}")
        for command in entry["by_hand"]:
            click.echo(f"    by hand: {command}")
    try:
        one.check_free()
    except Occupied as error:
        click.echo(f"  still running: {error}")
    return not one.story.open


def _recover(one: Recovery) -> bool:
    from pytest_llmops.report.left_changed import entries, lines, who

    if one.story.open:
        click.echo(f"{one.target}: changed by {who(one.story)}")
    if not _carry_out(one):
        for line in lines(one.target, entries(one.story), "llmops recover, again"):
            click.secho(line, fg="red", bold=True, err=True)
        return False
    click.echo(f"{one.target} is as it was")
    return True


def _carry_out(one: Recovery) -> bool:
    try:
        return one.carry_out(lambda line: click.echo(f"  {line}"))
    except Occupied as error:
        click.secho(f"{error} It is still running, and takes its changes back itself.", fg="red", err=True)
        return False
