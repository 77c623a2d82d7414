"""``llmops trends``: times that became longer over the last runs, by less than the gate sees."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, project

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.report.creeps import Creeping


@click.command()
@config_option
@click.option("--target", help="Only runs on this target.")
@click.option("--metric", help="Only this metric.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: times in UTC.")
def trends(config: Path | None, target: str | None, metric: str | None, *, as_json: bool) -> None:
    """Show what creeps: times that became longer over the last thirty runs, and the first bad run of each.

    It is no verdict, and the exit status is 0 whatever creeps. Names may be parts of the whole one, or patterns.
    """
    from pytest_llmops.cli.memory import opened
    from pytest_llmops.report.creeps import creeping
    from pytest_llmops.report.metric import so_many
    from pytest_llmops.state.history.asking import matching, targets
    from pytest_llmops.state.history.connecting import read
    from pytest_llmops.state.history.timed import timed
    from pytest_llmops.target.moments import utc

    place, now = opened(project(config)), time.time()
    found: list[tuple[str, Creeping]] = []
    looked = 0
    for name in matching(target, read(place, targets, [])):
        known = timed(place, name, None, now)
        meant = {one: known[one] for one in matching(metric, known) if one in known}
        looked += len(meant)
        found += [(name, one) for one in creeping(meant)]
    if as_json:
        plain = [{"target": name, **asdict(one), "started": utc(one.started)} for name, one in found]
        click.echo(json.dumps(plain, indent=1, ensure_ascii=False))
    elif found:
        _show(found)
    elif looked:
        click.echo(f"Nothing creeps: of {so_many(looked, 'time')} in {place.shown} none became longer beyond doubt.")
    else:
        click.echo(f"{place.shown} holds no time that matches: each run with timed checks adds some.")


def _show(found: list[tuple[str, Creeping]]) -> None:
    from pytest_llmops.cli import columns
    from pytest_llmops.cli.long_names import LongName
    from pytest_llmops.report.creep_words import first_run

    filled = columns.table(
        "metric", "longer", "a run", "first bad run", "target", folds={"metric", "first bad run", "target"},
        numbers={"longer", "a run"},
    )  # fmt: skip
    for name, one in found:
        each = f"{one.per_run_pct:.2g} %" if one.per_run_pct else "at once"
        filled.add_row(one.metric, f"{one.pct:.0f} %", each, first_run(asdict(one)), LongName(name))
    columns.show(filled, "")
