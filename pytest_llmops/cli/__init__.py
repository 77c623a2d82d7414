"""``llmops``, the console script."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from pytest_llmops import __version__
from pytest_llmops.cli.baseline import baseline
from pytest_llmops.cli.doctor import doctor
from pytest_llmops.cli.init import init
from pytest_llmops.cli.recover import recover
from pytest_llmops.cli.sandbox import sandbox
from pytest_llmops.errors import LlmopsError


class _Group(click.Group):
    """Says our errors as sentences, and suggests the nearest command."""

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


commands.add_command(baseline)
commands.add_command(init)
commands.add_command(doctor)
commands.add_command(sandbox)
commands.add_command(recover)


def main() -> None:
    """Run the console script."""
    sys.exit(commands(prog_name="llmops"))
