"""``llmops baseline``: what is compared with, and the one explicit act that changes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.accepting import accept
from pytest_llmops.cli.importing import import_
from pytest_llmops.cli.options import config_option, meant, reports_option, target_option
from pytest_llmops.judge.recording import UNTOLD

if TYPE_CHECKING:
    from pytest_llmops.judge.recording import Acceptance, BaselineRun, Recording


@click.group()
def baseline() -> None:
    """List, show, compare, import and accept baselines. Only ``accept`` changes what is compared with."""


@baseline.command("list")
@config_option
@target_option
def list_(config: Path | None, target: str | None) -> None:
    """List the accepted runs of a target, newest last."""
    from pytest_llmops.cli import columns
    from pytest_llmops.cli.runs import RECORD, age, number
    from pytest_llmops.judge.baselines import KEPT
    from pytest_llmops.judge.shipped import store_of

    found = meant(config, target)
    store = store_of(found)
    filled = columns.table(
        "run", "recorded", "age", "metrics", "by", "reason", folds=("by", "reason"), numbers=("age", "metrics")
    )
    for run in store.runs(found.name):
        by, reason = (run.accepted.by, f"{run.accepted.reason}{_how(run, run.accepted)}") if run.accepted else ("", "")
        moment = f"{run.recorded:%Y-%m-%d %H:%M}"
        filled.add_row(number(run), moment, age(run.recorded), str(len(run.recordings)), by, reason)
    if filled.row_count:
        click.echo(f"{store.directory / found.name}: a measurement is compared with the newest {KEPT} that are like it")
    columns.show(filled, f"{found.name} has no baseline. {RECORD}")


@baseline.command()
@config_option
@target_option
@click.argument("run", required=False)
def show(config: Path | None, target: str | None, run: str | None) -> None:
    """Show one run: an accepted one by its number or the beginning of its file's name, or any by its path.

    Without RUN it is the newest accepted one.
    """
    from pytest_llmops.cli import columns
    from pytest_llmops.cli.runs import accepted, recorded
    from pytest_llmops.judge.estimate import statistic
    from pytest_llmops.judge.thresholds import said

    found = accepted(meant(config, target), run)
    click.echo(f"{found.path}: {found.target}, {recorded(found)}, {found.host_class}, {found.cpu}")
    click.echo(_acceptance(found))
    if found.untold:
        who = f"taken as like on the word of {found.accepted.by}" if found.accepted else "whoever accepts it vouches"
        click.echo(f"imported: its file tells no {', no '.join(found.untold)}; {who}")
    numbers = ("median", "p90", "calls", "failed")
    filled = columns.table("metric", *numbers, "model", folds=("metric", "model"), numbers=numbers)
    for one in found.recordings:
        series, unit = one.metric.series, one.metric.unit
        middle, tail = (said(statistic(series.values, which), unit) for which in ("p50", "p90"))
        counts = (str(len(series.values)), str(series.failures))
        filled.add_row(one.metric.name, middle, tail, *counts, _model(one))
    columns.show(filled, "It holds no metric.")


@baseline.command()
@config_option
@target_option
@reports_option
@click.argument("candidate", type=click.Path(path_type=Path), required=False)
def diff(config: Path | None, target: str | None, reports: Path | None, candidate: Path | None) -> None:
    """Compare a candidate, the newest by default, with the accepted baseline."""
    from pytest_llmops.cli import runs
    from pytest_llmops.cli.comparison import compare
    from pytest_llmops.judge.benchmark_json import load

    found = meant(config, target)
    compare(found, load(runs.candidate(found, reports, candidate)), advise=True)


def _acceptance(run: BaselineRun) -> str:
    """Who made it a baseline, when and why."""
    given = run.accepted
    if given is None:
        return "a candidate: nobody has accepted it"
    commit = f", commit {given.commit[:8]}" if given.commit else ""
    return f"accepted {given.at:%Y-%m-%d} by {given.by}{commit}: {given.reason}{_how(run, given)}"


def _how(run: BaselineRun, given: Acceptance) -> str:
    """What else was decided with it, in brackets, with a leading blank."""
    from pytest_llmops.judge.lost_calls import lost_calls

    wrong = "too many of its calls failed" if any(lost_calls(run)) else "it disagrees with the runs that it joins"
    words = [f"replaces the runs up to {given.replaces:04d}"] if given.replaces else []
    words += [f"forced: {wrong}"] if given.forced else []
    return f" ({'; '.join(words)})" if words else ""


def _model(one: Recording) -> str:
    found = str(one.fingerprint.get("model", ""))
    return "not told" if found == UNTOLD else found


baseline.add_command(accept)
baseline.add_command(import_)
