"""``llmops faults``: is every bound procedure red under the fault that its tests name?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.option("--profile", "profiles", multiple=True, help="Which system the sandbox is. All that have a runbook.")
@click.option("--marker", "markers", multiple=True, help="Only the procedures of this suite, e.g. daily.")
@click.option("--test", "words", multiple=True, help="Only tests with this in their names, e.g. daily/test_logs.py.")
@click.option("--sample", type=click.IntRange(min=1), help="Only so many faults of each profile, others every day.")
@click.option("--seed", type=int, help="Which of them; a number for each day by default.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="How many runs at a time.")
@click.option("--beside", is_flag=True, help="Run all their other tests under each fault, and name those that are red.")
@click.pass_context
def faults(
    context: click.Context,
    profiles: Sequence[str],
    markers: Sequence[str],
    words: Sequence[str],
    sample: int | None,
    seed: int | None,
    jobs: int,
    *,
    beside: bool,
) -> None:
    """Run each fault that the ready suites name once, and print the bound procedures that never went red.

    One pytest process for each fault, on the embedded sandbox that has it, with exactly the tests that name it. Exits 1
    when a procedure was not red, or a test was green under a fault that it names; with --beside also when a test was
    red under a fault that no test of its file names.
    """
    import time

    from pytest_llmops.cli.fault_round import made, with_runbook
    from pytest_llmops.control.embedded import hold_installed
    from pytest_llmops.errors import ConfigError
    from pytest_llmops.target.durations import DAY_S

    hold_installed()  # said once, and not by each run
    number = int(time.time() // DAY_S) if seed is None else seed
    rounds = []
    for profile in profiles or with_runbook():
        found = made(profile, markers, sample, number, words=words, beside=beside)
        if words and not found.chosen:
            if profiles:
                raise ConfigError(f"--test {' '.join(words)}: {profile} has no fault for a test of that name.")
            continue
        click.echo(found.planned)
        for line in found.carried_out(jobs):
            click.echo(line)
        rounds.append(found)
    strangers = [line for one in rounds for line in one.strangers]
    if beside:
        click.echo(_listed("Red beside, in a file where no test names the fault", strangers))
    never = [line for one in rounds for line in one.not_red]
    click.echo(_listed("Never red", never))
    if never or strangers:
        context.exit(1)


def _listed(what: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{what}:", *lines]) if lines else f"{what}: none."
