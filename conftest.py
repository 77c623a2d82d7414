"""The clone's own root: bare ``pytest`` runs the tests; the suites run when they are named."""

from __future__ import annotations

import pytest


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how the suites are run, where they are not."""
    bare = config.args_source is not pytest.Config.ArgsSource.ARGS
    return "llmops: the suites run when they are named: pytest -m daily" if bare else None
