"""``llmops baseline``: what is compared with, and the one explicit act that changes it."""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, target_option
from pytest_llmops.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.recording import BaselineRun

reports_option = click.option(
    "--reports", type=click.Path(path_type=Path), help="Where candidates were written (default: reports)."
)


@click.group()
def baseline() -> None:
    """List, show, compare and accept baselines. Only ``accept`` changes anything."""


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
        by, reason = (run.accepted.by, run.accepted.reason) if run.accepted else ("", "")
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
    numbers = ("median", "p90", "calls", "failed")
    filled = columns.table("metric", *numbers, "model", folds=("metric", "model"), numbers=numbers)
    for one in found.recordings:
        series, unit = one.metric.series, one.metric.unit
        middle, tail = (said(statistic(series.values, which), unit) for which in ("p50", "p90"))
        counts = (str(len(series.values)), str(series.failures))
        filled.add_row(one.metric.name, middle, tail, *counts, str(one.fingerprint.get("model", "")))
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
    compare(found, load(runs.candidate(found, reports, candidate)))


@baseline.command()
@config_option
@target_option
@reports_option
@click.option("--reason", required=True, help="Why these runs are the new normal.")
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
    """Make candidates, the newest by default, baselines."""
    from pytest_llmops.cli import runs
    from pytest_llmops.cli.comparison import compare
    from pytest_llmops.judge.benchmark_json import load
    from pytest_llmops.judge.shipped import own_store_of
    from pytest_llmops.measure.candidate import commit_of

    found = meant(config, target)
    chosen = [runs.candidate(found, reports, given) for given in candidates or (None,)]
    loaded = [load(path) for path in chosen]
    strangers = sorted({run.target for run in loaded} - {found.name})
    if strangers:
        raise BaselineError(
            f"these candidates are of target {', '.join(strangers)}, not of {found.name}; give --target."
        )
    by = by or _who()
    compare(found, loaded[-1])
    store = own_store_of(found)
    for path in chosen:
        written = store.accept(path, reason=reason, by=by, commit=commit_of(found.root))
        click.echo(f"accepted: {path} as {written}")


def _acceptance(run: BaselineRun) -> str:
    """Who made it a baseline, when and why."""
    given = run.accepted
    if given is None:
        return "a candidate: nobody has accepted it"
    commit = f", commit {given.commit[:8]}" if given.commit else ""
    return f"accepted {given.at:%Y-%m-%d} by {given.by}{commit}: {given.reason}"


def _who() -> str:
    """Git's user, else the login.

    Raises:
        BaselineError: neither is known.
    """
    try:
        asked = ["git", "config", "user.name"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    try:
        return found or os.environ.get("USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in a container
        raise BaselineError("neither git nor the system knows who you are; give --by.") from None
