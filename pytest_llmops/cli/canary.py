"""``llmops canary``: what searches are compared with, and the one explicit act that changes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, reports_option, target_option
from pytest_llmops.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.canary import Canary

RECORD = "Record one: pytest -m quality --llmops-baseline record"


@click.group()
def canary() -> None:
    """List and accept canaries of searches. Only ``accept`` changes what is compared with."""


@canary.command("list")
@config_option
@target_option
def list_(config: Path | None, target: str | None) -> None:
    """List the accepted canaries of a target: the last one of each search is compared with."""
    from pytest_llmops.cli import columns
    from pytest_llmops.judge.canary import Canaries, load

    found = meant(config, target)
    filled = columns.table("file", "queries", "model", "accepted", folds=("model", "accepted"), numbers=("queries",))
    for path in Canaries(found).all():
        one = load(path)
        filled.add_row(path.name, str(len(one.queries)), one.model or "not told", one.said)
    columns.show(filled, f"{found.name} has no accepted canary. {RECORD}")


@canary.command()
@config_option
@target_option
@reports_option
@click.option("--reason", required=True, help="Why this is what the searches are to be compared with.")
@click.option("--by", help="Who says so (default: git's user, else the login).")
@click.argument("candidates", type=click.Path(path_type=Path), nargs=-1)
def accept(
    config: Path | None,
    target: str | None,
    reports: Path | None,
    reason: str,
    by: str | None,
    candidates: Sequence[Path],
) -> None:
    """Make candidates, by default the newest of each search, what these searches are compared with from now on.

    A candidate is a file that a run with --llmops-baseline record wrote, below reports/candidates/canary.
    """
    from pytest_llmops.judge.canary import PART, Canaries, load
    from pytest_llmops.measure.candidate import FOLDER
    from pytest_llmops.state.checkout import commit_of, who

    found = meant(config, target)
    folder = (reports or found.root / "reports") / FOLDER / PART
    loaded = [load(path) for path in candidates] or _newest(folder, found.name)
    if not loaded:
        raise BaselineError(f"there is no candidate of {found.name} in {folder}. {RECORD}")
    if strangers := sorted({one.target for one in loaded} - {found.name}):
        raise BaselineError(
            f"these candidates are of target {', '.join(strangers)}, not of {found.name}; give --target."
        )
    store = Canaries(found)
    for one in loaded:
        before = store.newest(one.search)
        path = store.accept(one, reason=reason, by=by or who(), commit=commit_of(found.root))
        click.echo(f"accepted: {one.search}, {len(one.queries)} queries, {one.model or 'no model named'}, as {path}")
        if before and before.model != one.model:
            click.echo(f"  another model: {one.model or 'none named'} in the place of {before.model or 'none named'}")


def _newest(folder: Path, target: str) -> list[Canary]:
    """The newest candidate of each search of a target."""
    from pytest_llmops.judge.canary import load

    newest: dict[str, Canary] = {}
    for path in folder.glob("*.json"):
        one = load(path)
        if one.target == target and (one.search not in newest or one.recorded > newest[one.search].recorded):
            newest[one.search] = one
    return [newest[search] for search in sorted(newest)]
