"""The options by which commands are told which deployment is meant, and where its reports are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target

config_option = click.option(
    "--config", type=click.Path(path_type=Path), envvar="LLMOPS_CONFIG", help="The llmops.toml to read."
)
target_option = click.option("--target", envvar="LLMOPS_TARGET", help="Which target; the default one otherwise.")
reports_option = click.option(
    "--reports", type=click.Path(path_type=Path), help="Where candidates are written (default: reports)."
)


def meant(config: Path | None, target: str | None) -> Target:
    """The target that these two options mean.

    Raises:
        ConfigError: the file cannot be read, or has no such target.
    """
    from pytest_llmops.target.load import find, load

    return load(find(config, Path.cwd()), target, Path.cwd())


def project(config: Path | None) -> Target:
    """Some target of the file, for what they all share.

    Raises:
        ConfigError: the file cannot be read.
    """
    from pytest_llmops.target.load import find, load_any

    return load_any(find(config, Path.cwd()), Path.cwd())
