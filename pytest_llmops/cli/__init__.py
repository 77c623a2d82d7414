"""``llmops``, the console script."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import click

from pytest_llmops import __version__
from pytest_llmops.errors import LlmopsError, did_you_mean

COMMANDS = {
    "baseline": "baseline",
    "board": "board",
    "canary": "canary",
    "detectors": "detectors",
    "doctor": "doctor",
    "faults": "faults",
    "golden": "golden",
    "history": "history",
    "init": "init",
    "load-worker": "load_worker",
    "procedures": "procedures",
    "proxy": "proxy",
    "recover": "recover",
    "report": "report",
    "run": "run",
    "sandbox": "sandbox",
    "schedule": "schedule",
    "sign-off": "sign_off",
    "trends": "trends",
}
"""Command to the module that holds it under the same name: only that of the command which is run is imported."""


class _Group(click.Group):
    """Says our errors as sentences, and suggests the nearest command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        name = COMMANDS[cmd_name]
        found: click.Command = getattr(import_module(f"pytest_llmops.cli.{name}"), name)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None:  # click itself knows only those that are imported
            near = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"No such command {args[0]!r}.{near}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LlmopsError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="llmops")
def commands() -> None:
    """An LLM system's runbook, made executable. The suites themselves run with pytest, e.g. ``pytest -m daily``."""


@commands.command()
def schema() -> None:
    """Print the JSON Schema of llmops.toml."""
    from pytest_llmops.target.models import Config

    click.echo(json.dumps(Config.model_json_schema(by_alias=True), indent=2))


def main() -> None:
    """Run the console script."""
    sys.exit(commands(prog_name="llmops"))
