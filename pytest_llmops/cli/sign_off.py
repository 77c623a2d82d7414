"""``llmops sign-off``: a person's word that a step was carried out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.moments import Moment
from pytest_llmops.cli.options import config_option, meant, target_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("sign-off")
@config_option
@target_option
@click.option("--by", required=True, help="Who carried it out.")
@click.option("--note", required=True, help="What was found, or where it is written down.")
@click.option("--at", type=Moment(), help="When: '2026-11-28 09:00', or '2h' ago; now otherwise.")
@click.argument("id")
def sign_off(config: Path | None, target: str | None, by: str, note: str, at: float | None, id: str) -> None:  # noqa: A002
    """Sign off a procedure that a person carried out, by its ID: voyageur.runbook.quarterly-review.

    It then counts as carried out on the target, and is never forgotten.
    """
    from pytest_llmops.cli.columns import say
    from pytest_llmops.cli.memory import opened
    from pytest_llmops.procedures.catalogue import procedure
    from pytest_llmops.state.history.signing import SignOff, sign
    from pytest_llmops.target.moments import moment

    known, found, now = procedure(id), meant(config, target), time.time()
    for option, words in (("--by", by), ("--note", note)):
        if not words.strip():
            raise click.UsageError(f"{option} is empty; say {'who' if option == '--by' else 'what was found'}.")
    if at is not None and at > now:
        raise click.UsageError(f"--at {moment(at)} lies ahead; what was not carried out yet cannot be signed off.")
    place = opened(found)
    signed = SignOff(
        known.id, found.name, found.redactor().clean(by.strip()), found.redactor().clean(note.strip()), at or now
    )
    sign(place, signed)
    say(f"signed off: {known.id} on {found.name} at {moment(signed.at)} by {signed.by}: {signed.note}")
    if known.system != found.table.system:
        of = f"has the runbook of {found.table.system}" if found.table.system else "has no runbook of the catalogue"
        say(f"note: this step is of {known.system}, and {found.name} (profile {found.table.profile}) {of}")
    if known.automatable:
        say(f"note: a test can carry this out (it is of kind {known.kind}); it now counts as carried out by hand")
