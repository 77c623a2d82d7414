"""What is ours: known of every run, so it is kept small; the rest is imported once something is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_llmops.target import FILE_NAME
from pytest_llmops.target.places import beside_package

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
CHECK: pytest.StashKey[Check] = pytest.StashKey()

FIXTURE = "_llmops"
"""The private fixture that all of ours depend on: whoever has it in the closure is one of our tests."""

AFRESH = "-afterwards"
"""Ends the names of facts that are looked up once more after the run's changes."""

SUITES_FOLDER = beside_package("suites")
"""The ready suites."""


def is_ours(item: pytest.Item) -> bool:
    """Whether the plugin has anything to do with a test: it uses our fixtures, or lives in our suites."""
    return FIXTURE in getattr(item, "fixturenames", ()) or item.path.is_relative_to(SUITES_FOLDER)


def described(config: pytest.Config) -> bool:
    """Whether there is an llmops.toml for this run."""
    given = config.getoption("llmops_config") or os.environ.get("LLMOPS_CONFIG")
    return bool(given) or any((folder / FILE_NAME).is_file() for folder in homes(config))


def homes(config: pytest.Config) -> tuple[Path, Path]:
    """Where an llmops.toml is looked for, the nearest first."""
    return config.invocation_params.dir, config.rootpath


def parallel(config: pytest.Config) -> bool:
    """Whether several processes make up this run."""
    worker = hasattr(config, "workerinput")
    return worker or bool(config.getoption("numprocesses", None) or config.getoption("tx", None))


def suite_arguments(config: pytest.Config) -> list[str]:
    """Those arguments of pytest that lie within the ready suites."""
    start = config.invocation_params.dir
    found = []
    for argument in map(str, config.args):
        path = argument.partition("::")[0]
        if path.startswith("pytest_llmops.suites") or (start / path).resolve().is_relative_to(SUITES_FOLDER.resolve()):
            found.append(argument)
    return found


def run_of(config: pytest.Config) -> Run:
    """This process's part of the run, made when it is first asked for."""
    if RUN not in config.stash:
        from pytest_llmops.plugin.run import Run

        config.stash[RUN] = Run(config)
    return config.stash[RUN]
