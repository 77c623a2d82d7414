"""The pytest plugin: live endpoints as fixtures, the runbook's cadences as markers.

Nothing heavy is imported here: a run that uses none of our tests pays for little more than this module.
"""

from __future__ import annotations

import pytest

from pytest_llmops.plugin import (
    access_fixtures,
    attack_fixtures,
    audit_fixtures,
    backup_fixtures,
    change_fixtures,
    command_line,
    drill_fixtures,
    erasure_fixtures,
    fixtures,
    flywheel_fixtures,
    golden_fixtures,
    hostile_fixtures,
    incident_fixtures,
    leak_fixtures,
    markers,
    restore_fixtures,
    retrieval_fixtures,
    setup_fixtures,
    supply_fixtures,
    tool_fixtures,
    watch,
)
from pytest_llmops.plugin.ours import described, parallel, run_of, suite_arguments

FIXTURES = (
    fixtures,
    tool_fixtures,
    change_fixtures,
    drill_fixtures,
    setup_fixtures,
    incident_fixtures,
    audit_fixtures,
    erasure_fixtures,
    restore_fixtures,
    leak_fixtures,
    access_fixtures,
    hostile_fixtures,
    attack_fixtures,
    golden_fixtures,
    supply_fixtures,
    backup_fixtures,
    flywheel_fixtures,
    retrieval_fixtures,
)
"""The modules whose fixtures every test may ask for."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ``--llmops-*`` options."""
    command_line.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and register what finds out whether a run has tests of ours; the rest comes then."""
    markers.register(config)
    for module in FIXTURES:
        config.pluginmanager.register(module, f"llmops-{module.__name__.rpartition('.')[2].replace('_', '-')}")
    config.pluginmanager.register(watch, "llmops-watch")
    if config.option.markexpr:
        from pytest_llmops.plugin.named_suites import add

        add(config)
    if described(config):
        from pytest_llmops.plugin.redaction import guard

        guard(run_of(config))
    if command_line.asked(config) or suite_arguments(config):
        run = run_of(config)
        run.check_early()
        run.engage()
    if parallel(config):
        from pytest_llmops.plugin.exclusive import ExclusiveController, ExclusiveWorker

        part = (ExclusiveWorker if hasattr(config, "workerinput") else ExclusiveController)(run_of(config))
        config.pluginmanager.register(part, "llmops-exclusive")
