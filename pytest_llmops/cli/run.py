"""``llmops run``: a suite as schedulers run it, one at a time on a target, and where it is asked only if it is due."""

from __future__ import annotations

import datetime as dt
import sys
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, target_option
from pytest_llmops.errors import ConfigError, LlmopsError, Occupied, did_you_mean
from pytest_llmops.state.folder import private

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.state.scheduled import Scheduled
    from pytest_llmops.target.load import Target

OCCUPIED = 75
"""Exit status EX_TEMPFAIL of sysexits.h: another time, perhaps."""

STOPPED = {2, *range(129, 193)}
"""Exit statuses of a run that somebody ended, or a signal: nobody waits for its report."""

WAIT_S = 3600.0
"""How long a suite waits for another of its target that is under way, unless it is planned again before."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("suite")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@config_option
@target_option
@click.option("--if-due", is_flag=True, help="Only if it was planned since it last began.")
@click.option("--quiet", is_flag=True, help="Print what the run said only if it was not green.")
def run(
    suite: str, words: tuple[str, ...], config: Path | None, target: str | None, *, if_due: bool, quiet: bool
) -> None:
    """Run a suite under the gate, while no other scheduled run of the target is under way. WORDS are given to pytest.

    Exits as pytest does under --llmops-gate; 75 where another run was under way all the time, 0 where nothing is due.
    """
    from pytest_llmops.operate.planned_run import planned
    from pytest_llmops.state.scheduled import Scheduled
    from pytest_llmops.target.schedules import SUITES

    if suite not in SUITES:
        raise click.UsageError(
            f"There is no suite {suite!r}.{did_you_mean(suite, SUITES)} Suites: {', '.join(SUITES)}."
        )
    found = meant(config, target)
    if found.file is None:
        raise ConfigError("There is no llmops.toml here, so nobody says what is to be run: give --config PATH.")
    if if_due:
        planned(found, suite)
    scheduled = Scheduled(found.state_folder, found.name)
    with ExitStack() as held:
        try:
            if if_due and not _is_due(found, suite, scheduled, quiet=quiet):
                return
            lock = held.enter_context(scheduled.alone(suite, _patience(found, suite)))
            if if_due and not _is_due(found, suite, scheduled, quiet=quiet):  # run meanwhile
                return
            scheduled.note(suite, _now().timestamp())
            log = held.enter_context(open(scheduled.log(suite), "w+b", opener=private)) if quiet else None
        except Occupied as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(OCCUPIED)
        except OSError as error:
            raise ConfigError(f"{found.state_folder} cannot be written: {error}. Nothing is run without it.") from error
        before = _results_of(found, suite)
        status = _carry_out(found, suite, words, lock, log)
        if _asks_for_report(found, suite) and status not in STOPPED:
            _render(found, suite, status, before, quiet=quiet)
    sys.exit(status)


def _is_due(target: Target, suite: str, scheduled: Scheduled, *, quiet: bool) -> bool:
    from pytest_llmops.operate.planned_run import due

    now, since = _now(), scheduled.since(suite)
    found = due(target, suite, since, now)
    if since is None and not found.now:
        scheduled.note_look(suite, now.timestamp())
    if not quiet:
        click.echo(f"{suite} of {target.name} is {'' if found.now else 'not '}due: {found.why}")
    return found.now


def _carry_out(target: Target, suite: str, words: tuple[str, ...], lock: int, log: IO[bytes] | None) -> int:
    from pytest_llmops.operate.planned_run import carried_out
    from pytest_llmops.operate.planned_run import words as own

    status = carried_out(target, [*own(target, suite), *words], lock, log)
    if status and log is not None:
        log.seek(0)
        click.echo(log.read(), nl=False)
        click.echo(f"{suite} of {target.name}: exit status {status}")
    return status


def _asks_for_report(target: Target, suite: str) -> bool:
    return target.table.schedule.allure and suite in target.table.schedule.planned


def _results_of(target: Target, suite: str) -> str:
    """The id of the run whose Allure results lie there; empty where there are none, or they cannot be read."""
    from pytest_llmops.report.allure_files import run_of

    try:
        return run_of(_results(target, suite))
    except OSError:
        return ""


def _results(target: Target, suite: str) -> Path:
    from pytest_llmops.operate.planned_run import reports

    return target.root / reports(target, suite) / "allure-results"


def _render(target: Target, suite: str, status: int, before: str, *, quiet: bool) -> None:
    """The Allure report of the run that is over, unless results are those of the one before; it is no verdict."""
    from pytest_llmops.cli.report import rendered

    if _results_of(target, suite) == before:
        click.echo(
            "no Allure report: this run left no results; one that begins its checks does, where allure-pytest is "
            "installed and not switched off.",
            err=True,
        )
        return
    try:
        said, lacking = rendered(_results(target, suite), target.file)
    except (LlmopsError, OSError) as error:
        click.echo(f"no Allure report: {' '.join(str(error).split())}", err=True)
        return
    if status or not quiet:
        click.echo("\n".join([*said, *([f"without human steps: {lacking}"] if lacking else [])]))


def _patience(target: Target, suite: str) -> float:
    """Seconds: a run that is planned again before it can begin is the next one's matter."""
    if suite not in target.table.schedule.planned:
        return WAIT_S
    now = _now()
    return min(WAIT_S, (target.table.schedule.times(suite).next(now) - now).total_seconds())


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
