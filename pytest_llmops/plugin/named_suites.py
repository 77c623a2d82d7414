"""``pytest -m daily`` without a path: the ready suites are collected too, beside an llmops.toml and in a clone."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.plugin.ours import SUITES_FOLDER, described


def add(config: pytest.Config) -> None:
    """Collect the ready suites where ``-m`` names one of them, no path is given, and a target is described here.

    Somebody else's ``-m load`` in a project without an llmops.toml stays what it was.
    """
    named = set(re.findall(r"(?<!not )\b\w+", config.option.markexpr)) & set(SUITES)
    if not named or config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    clone = config.rootpath == SUITES_FOLDER.parent
    if clone:
        config.args = [str(SUITES_FOLDER)]
    elif described(config):
        config.args = [
            *(part for argument in config.args for part in _around(Path(argument), config)),
            str(SUITES_FOLDER),
        ]
    else:
        return
    config.args_source = pytest.Config.ArgsSource.ARGS


def _around(argument: Path, config: pytest.Config) -> list[str]:
    """The argument; where the suites lie in a .venv within it, all in it that pytest would collect.

    Pytest drops a path that lies within another one, and never looks into a .venv by itself.
    """
    folder = (config.invocation_params.dir / argument).resolve()
    if not SUITES_FOLDER.is_relative_to(folder):
        return [str(argument)]
    patterns = config.getini("python_files")
    return [
        str(child)
        for child in sorted(folder.iterdir())
        if not config.hook.pytest_ignore_collect(collection_path=child, config=config)
        and (child.is_dir() or any(fnmatch(child.name, pattern) for pattern in patterns))
    ]
