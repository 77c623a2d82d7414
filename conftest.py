"""The clone's own root: ``pytest -m daily`` runs the ready suites, bare ``pytest`` the tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_llmops.plugin.markers import SUITES


def _bare(config: pytest.Config) -> bool:
    """Whether no path was given."""
    return config.args_source is not pytest.Config.ArgsSource.ARGS


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where no path is given and ``-m`` names a suite, collect the suites in place of the tests."""
    named = set(re.findall(r"(?<!not )\b\w+", config.option.markexpr)) & set(SUITES)
    if named and _bare(config):
        config.args_source = pytest.Config.ArgsSource.ARGS
        config.args = [str(Path(__file__).parent / "suites")]
        config.addinivalue_line("filterwarnings", "default")  # a library's deprecation is no operator's red check


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how the suites are run, where they are not."""
    return "llmops: the suites run when they are named: pytest -m daily" if _bare(config) else None
