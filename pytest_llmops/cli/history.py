"""``llmops history``: what earlier runs came to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pytest_llmops.cli.moments import Moment
from pytest_llmops.cli.options import config_option, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from pytest_llmops.state.history.asking import Filters
    from pytest_llmops.state.history.place import Place

FOLDS = {"target", "metric", "check", "checks", "verdict"}
NUMBERS = {"value", "times worse", "exit", "took", "calls"}
OUTCOMES = ("passed", "failed", "error", "skipped", "waived")


@click.command()
@config_option
@click.option("--target", help="Only runs on this target.")
@click.option("--check", help="Checks, one a line, by their key: daily/test_health.py::test_api_is_healthy.")
@click.option("--metric", help="A metric's values over time.")
@click.option("--procedure", help="Checks that carry out a procedure.")
@click.option("--suite", help="Only what is of this suite.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Checks with this outcome.")
@click.option("--since", type=Moment(), help="Not before: '2026-11-28', '2026-11-28 09:00', or '7d' ago.")
@click.option("--until", type=Moment(), help="Not after.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many lines.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: times in UTC.")
def history(config: Path | None, *, as_json: bool, **given: Any) -> None:
    """Show earlier runs, the newest first, one a line.

    With --check, --procedure or --outcome it shows checks, with --metric the values of a metric. A name may be a part
    of the whole one, or a pattern: '*latency*'.
    """
    from pytest_llmops.cli.memory import opened
    from pytest_llmops.state.history.asking import Filters, checks, metrics, runs
    from pytest_llmops.state.history.connecting import read

    asked = Filters(**given)
    if asked.metric and (asked.procedure or asked.suite or asked.outcome):
        raise click.UsageError("--metric goes with --target, --check, --since, --until and --limit alone.")
    place = opened(project(config))

    def act(connection: Connection) -> tuple[list[dict[str, Any]], list[str], bool]:
        if asked.metric:
            return *metrics(connection, asked), True
        if asked.of_checks:
            return *checks(connection, asked), True
        return runs(connection, asked), [], bool(runs(connection, Filters(limit=1)))

    nothing: tuple[list[dict[str, Any]], list[str], bool] = ([], [], False)
    found, known, filled = read(place, act, nothing)
    if as_json:
        from pytest_llmops.cli.history_json import plain

        click.echo(json.dumps([plain(one) for one in found], indent=1, ensure_ascii=False))
        return
    if not found:
        click.echo(_nothing(place, asked, known, filled=filled))
        return
    _show(asked, found)


def _nothing(place: Place, asked: Filters, known: list[str], *, filled: bool) -> str:
    """Why there is nothing to show, and the nearest names."""
    from pytest_llmops.errors import did_you_mean

    if not (filled or known):
        return f"{place.shown} holds no run yet: each run of pytest with checks of llmops adds one."
    word = asked.metric or asked.procedure or asked.check or ""
    return f"{place.shown} holds nothing that matches.{did_you_mean(word, known)}"


def _show(asked: Filters, found: list[dict[str, Any]]) -> None:
    from pytest_llmops.cli import columns
    from pytest_llmops.cli.history_lines import of_check, of_metric, of_run
    from pytest_llmops.cli.long_names import LongName

    line: Callable[[dict[str, Any]], tuple[str, ...]]
    if asked.metric:
        headings, line = ["when", "metric", "value", "times worse", "verdict", "target"], of_metric
    elif asked.of_checks:
        headings, line = ["when", "target", "outcome", "check"], of_check
    else:
        headings, line = ["when", "target", "checks", "exit", "took", "calls"], of_run
    filled = columns.table(*headings, folds=FOLDS, numbers=NUMBERS)
    for one in found:
        filled.add_row(*(LongName(cell) if cell == one["target"] else cell for cell in line(one)))
    columns.show(filled, "")
