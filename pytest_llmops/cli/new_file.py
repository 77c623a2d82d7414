"""A file that a command writes: only where there is none yet, and never in vain."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def may_write(path: Path, option: str) -> None:
    """Before anything is done for it: a file that exists is somebody's.

    Args:
        path: the file.
        option: the option that names it, e.g. ``--output``.

    Raises:
        ConfigError: it exists, or its folder does not.
    """
    if os.path.lexists(path):  # also a link that points nowhere
        raise _taken(path, option)
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {path}: there is no folder {path.parent}; make it first.")


def write(path: Path, text: str, option: str) -> None:
    """The file, if there is still none. What cannot be written is printed.

    Raises:
        ConfigError: a file has come in the meantime, or this one cannot be written.
    """
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise _taken(path, option) from None
    except OSError as error:
        raise _printed(path, text, error) from None
    try:
        with file:
            file.write(text)
    except OSError as error:  # for example: the disk is full
        path.unlink(missing_ok=True)
        raise _printed(path, text, error) from None


def _taken(path: Path, option: str) -> ConfigError:
    return ConfigError(f"{path} exists; it was not changed. Give {option} another name, or move it away.")


def _printed(path: Path, text: str, error: OSError) -> ConfigError:
    click.echo(text, nl=False)
    return ConfigError(f"{path} cannot be written: {error.strerror}. What belongs into it is printed above.")
