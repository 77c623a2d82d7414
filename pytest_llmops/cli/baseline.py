"""``llmops baseline``: what is compared with, and the one explicit act that changes it."""

from __future__ import annotations

import getpass
import os
import subprocess
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.benchmark_json import load as load_run
from pytest_llmops.judge.estimate import statistic
from pytest_llmops.judge.shipped import own_store_of, store_of
from pytest_llmops.measure.candidate import FOLDER, commit_of
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.load import Target, find, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.recording import BaselineRun

config_option = click.option(
    "--config", type=click.Path(path_type=Path), envvar="LLMOPS_CONFIG", help="The llmops.toml to read."
)
target_option = click.option("--target", envvar="LLMOPS_TARGET", help="Which target; the default one otherwise.")
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
    found = _target(config, target)
    table = _table("file", "recorded", "metrics", "accepted by", "reason")
    for run in store_of(found).runs(found.name):
        accepted = run.accepted
        table.add_row(
            run.path.name if run.path else "",
            f"{run.recorded:%Y-%m-%d %H:%M}",
            str(len(run.recordings)),
            accepted.by if accepted else "",
            accepted.reason if accepted else "",
        )
    _print(table, f"{found.name} has no baseline. Record one: pytest -m daily --llmops-baseline record")


@baseline.command()
@config_option
@target_option
@click.argument("file", type=click.Path(path_type=Path), required=False)
def show(config: Path | None, target: str | None, file: Path | None) -> None:
    """Show one run, the newest accepted one by default."""
    found = _target(config, target)
    if file is not None:
        run = load_run(file)
    else:
        runs = store_of(found).runs(found.name)
        if not runs:
            raise BaselineError(f"{found.name} has no baseline to show.")
        run = runs[-1]
    click.echo(f"{run.path}: {run.target}, {run.recorded:%Y-%m-%d %H:%M}, host class {run.host_class}, {run.cpu}")
    table = _table("metric", "median", "p90", "calls", "failed", "model")
    for one in run.recordings:
        values = one.metric.series.values
        table.add_row(
            one.metric.name,
            spoken(statistic(values, "p50")),
            spoken(statistic(values, "p90")),
            str(len(values)),
            str(one.metric.series.failures),
            str(one.fingerprint.get("model", ""))[:12],
        )
    _print(table, "It holds no metric.")


@baseline.command()
@config_option
@target_option
@reports_option
@click.argument("candidate", type=click.Path(path_type=Path), required=False)
def diff(config: Path | None, target: str | None, reports: Path | None, candidate: Path | None) -> None:
    """Compare a candidate, the newest by default, with the accepted baseline."""
    found = _target(config, target)
    run = load_run(candidate or _newest(found, reports))
    _differences(found, run)


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
    found = _target(config, target)
    chosen = list(candidates) or [_newest(found, reports)]
    runs = [load_run(path) for path in chosen]
    strangers = sorted({run.target for run in runs} - {found.name})
    if strangers:
        raise BaselineError(
            f"these candidates are of target {', '.join(strangers)}, not of {found.name}; give --target."
        )
    _differences(found, runs[-1])
    store = own_store_of(found)
    for path in chosen:
        written = store.accept(path, reason=reason, by=by or _who(), commit=commit_of(found.root))
        click.echo(f"accepted: {path} as {written}")


def _target(config: Path | None, target: str | None) -> Target:
    return load(find(config, Path.cwd()), target, Path.cwd())


def _newest(target: Target, reports: Path | None) -> Path:
    folder = (reports or target.root / "reports") / FOLDER
    moment = "[0-9]" * 8 + "T" + "[0-9]" * 6  # in full: sandbox-rag-… is no candidate of sandbox
    found = sorted(folder.glob(f"{escape(target.name.replace(':', '-'))}-{moment}.json"))
    if not found:
        raise BaselineError(
            f"there is no candidate of {target.name} in {folder}. Record one: pytest -m daily --llmops-baseline record"
        )
    return found[-1]


def _differences(target: Target, run: BaselineRun) -> None:
    store = store_of(target)
    table = _table("metric", "baseline", "candidate", "times")
    for one in run.recordings:
        match = store.find(target.name, one.metric.name, one.fingerprint)
        now = statistic(one.metric.series.values, "typical")
        before = [value for series in match.series for value in series.values]
        if before:
            then = statistic(before, "typical")
            table.add_row(one.metric.name, spoken(then), spoken(now), f"{now / then:.2f}")
        else:
            table.add_row(one.metric.name, match.differs or "none yet", spoken(now), "")
    _print(table, "The candidate holds no metric.")


def _who() -> str:
    found = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, check=False)  # noqa: S607
    return found.stdout.strip() or os.environ.get("USER") or getpass.getuser()


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=index == 0)
    return table


def _print(table: Table, otherwise: str) -> None:
    if table.row_count:
        Console(markup=False, highlight=False, emoji=False).print(table)
    else:
        click.echo(otherwise)
