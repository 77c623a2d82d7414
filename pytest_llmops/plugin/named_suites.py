"""``pytest -m daily`` without a path: the ready suites too, in a clone, beside an llmops.toml, with --llmops-target."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression  # there is no public way to read what -m says

from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.plugin.ours import SUITES_FOLDER, described


def add(config: pytest.Config) -> None:
    """Collect the ready suites where ``-m`` names one of them, no path is given, and there is a target to run them on.

    Somebody else's ``-m load`` stays what it was where none is described, by a file here or by LLMOPS_CONFIG, or named.
    """
    if config.args_source is pytest.Config.ArgsSource.ARGS or not names_a_suite(config.option.markexpr):
        return
    clone = config.rootpath == SUITES_FOLDER.parent
    if clone:
        config.args = [str(SUITES_FOLDER)]
    elif described(config) or config.getoption("llmops_target"):
        config.args = [
            *(part for argument in config.args for part in _around(Path(argument), config)),
            str(SUITES_FOLDER),
        ]
    else:
        return
    config.args_source = pytest.Config.ArgsSource.ARGS


def names_a_suite(expression: str) -> bool:
    """Whether ``-m`` asks for a suite: a suite's word is in it, and it does not select tests without any marker."""

    def absent(_name: str, /, **_more: object) -> bool:
        return False

    try:
        selects_unmarked = Expression.compile(expression).evaluate(absent)
    except SyntaxError:
        return False  # pytest says it
    return not selects_unmarked and bool(set(re.findall(r"\w+", expression)) & set(SUITES))


def _around(argument: Path, config: pytest.Config) -> list[str]:
    """The argument; where the suites lie in a .venv within it, its folders and test files that pytest would collect.

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
