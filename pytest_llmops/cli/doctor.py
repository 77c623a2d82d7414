"""``llmops doctor``: is everything there that a run needs, and what would a daily run come to?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, target_option

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.target.load import Target


@click.command()
@config_option
@target_option
@click.option("--json", "as_json", is_flag=True, help="For machines: everything that was found, as JSON.")
@click.pass_context
def doctor(context: click.Context, config: Path | None, target: str | None, as_json: bool) -> None:
    """Ask each component once, and say what can run, what it costs, and what to do.

    Exits 0 when a daily run can start, 1 when it cannot: a required component is not there or does not do its part, a
    key is not set, llmops.toml cannot be read.
    """
    from rich.console import Console

    from pytest_llmops.doctor.diagnosis import diagnosis
    from pytest_llmops.report.doctor import lines

    chosen = meant(config, target)
    told = Console(stderr=True, highlight=False, markup=False)
    with told.status("") as status:
        found = diagnosis(chosen, _fingerprint, lambda what: status.update(f"asking {what} …"))
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        terminal = Console()
        for line in lines(found, color=terminal.color_system is not None, width=terminal.width):
            click.echo(line, color=True)
    if not found["can_run"]:
        context.exit(1)


def _fingerprint(
    target: Target, measured: Mapping[str, str], facts: Mapping[str, Mapping[str, str]]
) -> dict[str, str | int]:
    """What a baseline of a timed metric has to be like; without the model, where no server has told which it is."""
    from pytest_llmops.clients.generation import identity_of
    from pytest_llmops.measure.bench import fingerprint, model_server

    server = model_server(target, measured["component"])
    known = facts.get(server or "", {})
    embeds = measured["method"] == "embed"
    asked = (known.get("embedding_model", "") if embeds else "") or known.get("model", "")
    found = fingerprint(target, measured["component"], identity_of(asked, known), target.workload)
    return {key: value for key, value in found.items() if key != "model"} if server and not known else found
