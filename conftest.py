"""The clone's own root: ``pytest -m daily`` runs the ready suites, bare ``pytest`` the tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_llmops.plugin.markers import SUITES


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where no path is given and ``-m`` names a suite, collect the suites in place of the tests."""
    named = set(re.findall(r"\w+", config.option.markexpr)) & set(SUITES)
    if named and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(Path(__file__).parent / "suites")]
