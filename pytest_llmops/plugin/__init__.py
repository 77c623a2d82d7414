"""The pytest plugin: live endpoints as fixtures, the runbook's cadences as markers.

Nothing heavy is imported here: a run that uses none of our tests pays for little more than this module.
"""

from __future__ import annotations

import pytest

from pytest_llmops.plugin import fixtures, markers, options
from pytest_llmops.plugin.run import RUN, Run
from pytest_llmops.plugin.selection import Selection


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ``--llmops-*`` options."""
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and register what finds out whether a run has tests of ours; the rest comes then."""
    markers.register(config)
    run = config.stash[RUN] = Run(config)
    config.pluginmanager.register(fixtures, "llmops-fixtures")
    config.pluginmanager.register(Selection(run), "llmops-selection")
    if run.named:
        run.check_early()
        run.engage()
    if run.parallel:
        from pytest_llmops.plugin.exclusive import ExclusiveController, ExclusiveWorker

        config.pluginmanager.register((ExclusiveWorker if run.worker else ExclusiveController)(run), "llmops-exclusive")
