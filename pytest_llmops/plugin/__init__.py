"""The pytest plugin: live endpoints as fixtures, the runbook's cadences as markers.

Nothing heavy is imported here: a run that uses none of our tests pays for little more than this module.
"""

from __future__ import annotations

import pytest

from pytest_llmops.plugin import allure_results, fixtures, markers, options
from pytest_llmops.plugin.controller import Controller
from pytest_llmops.plugin.exclusive import ExclusiveController, ExclusiveWorker
from pytest_llmops.plugin.outcomes import Outcomes
from pytest_llmops.plugin.run import RUN, Run
from pytest_llmops.plugin.selection import Selection


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ``--llmops-*`` options."""
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and register the parts of the plugin that this process needs."""
    markers.register(config)
    run = config.stash[RUN] = Run(config)
    if run.named:
        run.check_early()
        allure_results.switch_on(run)
    parts: dict[str, object] = {"fixtures": fixtures, "selection": Selection(run), "outcomes": Outcomes(run)}
    if run.worker:
        parts["worker"] = ExclusiveWorker(run)
    else:
        parts["controller"] = controller = Controller(run)
        if config.pluginmanager.hasplugin("xdist"):
            parts["exclusive"] = ExclusiveController(run, controller)
    for name, part in parts.items():
        config.pluginmanager.register(part, f"llmops-{name}")
