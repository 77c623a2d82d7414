"""``llmops board``: the board of a run, once more, from its ``run.json``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmops.cli.options import config_option, meant, project
from pytest_llmops.errors import LlmopsError

if TYPE_CHECKING:
    from pytest_llmops.report.board.remembered import Remembered

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("run", type=FILE, required=False)
@config_option
@click.option("--output", type=FILE, help="Where to write it (default: board.html beside the run's file).")
def board(run: Path | None, config: Path | None, output: Path | None) -> None:
    """Write the board of a run from its run.json: reports/run.json beside llmops.toml, or RUN.

    What the history says of metrics before that run stands on it as far as this project's history knows the target;
    what is overdue is as of now.
    """
    from pytest_llmops.report.board import BOARD
    from pytest_llmops.report.board.writing import html
    from pytest_llmops.report.paths import seen_from_here
    from pytest_llmops.report.run_json import RUN_JSON, read
    from pytest_llmops.report.whole_file import write_whole

    path = run or project(config).root / "reports" / RUN_JSON
    result = read(path)
    try:
        known = _known(config, result)
        page = html(result, known)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise LlmopsError(
            f"{path} is no outcome of a run that can be shown ({type(error).__name__}: {error}). "
            f"Give a {RUN_JSON} as a run wrote it."
        ) from None
    written = output or path.with_name(BOARD)
    try:
        write_whole(written.parent, written.name, page)
    except OSError as error:
        raise LlmopsError(f"{seen_from_here(written)} cannot be written: {error.strerror or error}.") from None
    click.echo(f"written: {seen_from_here(written)}")
    if known.lacking:
        click.echo(f"without history: {known.lacking}", err=True)


def _known(config: Path | None, result: dict[str, Any]) -> Remembered:
    """What the history adds; that it cannot be asked is said on the page, and is no reason for none."""
    from pytest_llmops.report.board.remembered import Remembered, remembered

    try:
        return remembered(meant(config, result["target"]), result)
    except LlmopsError as error:
        return Remembered(lacking=str(error))
