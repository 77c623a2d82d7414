"""``llmops procedures``: what of the runbook is carried out, by which tests, when last, and what is overdue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, target_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmops.report.procedure_states import ProcedureState
    from pytest_llmops.target.load import Target


@click.command()
@config_option
@target_option
@click.option("--due", is_flag=True, help="Only those that are overdue.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the whole catalogue, whatever the target.")
def procedures(config: Path | None, target: str | None, *, due: bool, as_json: bool) -> None:
    """Show the procedures of the target's system: tests, last verdict, what is overdue, what waits for a sign-off."""
    from pytest_llmops.cli import columns
    from pytest_llmops.cli.memory import opened
    from pytest_llmops.procedures.catalogue import SYSTEMS
    from pytest_llmops.report.procedure_states import states
    from pytest_llmops.target.load import BUILT_IN

    found = meant(config, target)
    system = found.table.system
    if due or not as_json:
        _check(found)
    place = opened(found)
    known = states(found, place, whole=as_json and not (due and system))
    if due:
        known = [one for one in known if one.overdue]
    if as_json:
        click.echo(json.dumps([one.as_json() for one in known], indent=1, ensure_ascii=False))
    elif not system:
        columns.say(
            f"{found.name} (profile {found.table.profile}) has no runbook of the catalogue: system in its table names "
            f"one ({', '.join(SYSTEMS)}). To see such a runbook, try --target {BUILT_IN}:{SYSTEMS[0]}; llmops "
            "procedures --json lists those of all systems."
        )
    else:
        _show(found, known, due=due)


def _check(target: Target) -> None:
    """Of a system without a runbook nothing would ever be overdue.

    Raises:
        ConfigError: the target names one; says the nearest that has.
    """
    from pytest_llmops.errors import ConfigError, did_you_mean
    from pytest_llmops.procedures.catalogue import SYSTEMS

    system = target.table.system
    if system and system not in SYSTEMS:
        near = did_you_mean(system, SYSTEMS) or f" It has those of {', '.join(SYSTEMS)}."
        raise ConfigError(f"{target.name} names the system {system!r}, whose runbook is not in the catalogue.{near}")


def _show(target: Target, known: Sequence[ProcedureState], *, due: bool) -> None:
    from pytest_llmops.cli import columns
    from pytest_llmops.cli.long_names import LongName

    system = target.table.system
    filled = columns.table("procedure", "cadence", "tests", "last", "", folds=("procedure", "last"), numbers=("tests",))
    for one in known:
        name = one.procedure.id.removeprefix(f"{system}.")
        filled.add_row(LongName(name), one.procedure.cadence, str(len(one.tests)), one.last_said, one.word)
    columns.show(filled, f"No procedure of {system} is overdue on {target.name}.")
    if due:
        return
    tested = sum(bool(one.tests) for one in known)
    overdue, open_ = sum(one.overdue for one in known), sum(one.to_sign for one in known)
    columns.say(
        f"{len(known)} procedures of {system} on {target.name}: {tested} with tests, {overdue} overdue, "
        f"of them {open_} to be signed off by a person (llmops sign-off ID --by NAME --note TEXT)"
    )
