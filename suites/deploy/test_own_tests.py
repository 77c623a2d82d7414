"""The application's own tests, run by its own commands before and after a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.own_tests import OwnTests
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("document-enhancer.deploy-tests.unit-tests", fault="unit_tests:failed")
def test_unit_tests_pass(own_tests: OwnTests, record: Record) -> None:
    """All unit tests of the application pass."""
    found = own_tests.run("unit_tests")
    record("passed_tests[unit]", found.passed, "tests")
    record("failed_tests[unit]", found.failed, "tests", of=", ".join(found.names))


@pytest.mark.procedure("document-enhancer.deploy-tests.integration-tests", fault="integration_tests:failed")
@pytest.mark.procedure("document-enhancer.deploy-tests.integration-tests", fault="integration_tests:slow")
@pytest.mark.procedure("document-enhancer.deploy-tests.integration-tests", fault="integration_tests:slow-setup")
def test_integration_tests_pass(own_tests: OwnTests, record: Record) -> None:
    """All integration tests of the application pass, each within the runbook's limit, its setup included."""
    found = own_tests.run("integration_tests")
    record("passed_tests[integration]", found.passed, "tests")
    record("failed_tests[integration]", found.failed, "tests", of=", ".join(found.names))
    slowest, took_s = found.slowest_test()
    record("slowest_test[integration]", took_s, "s", of=slowest)


@pytest.mark.after_changes
@pytest.mark.procedure(
    "document-enhancer.deploy-verify.smoke-test",
    "document-enhancer.post-maintenance.smoke-test",
    fault="smoke_test:lost",
)
def test_smoke_test_passes(app_command: AppCommands, record: Record) -> None:
    """One document goes through the application and comes out whole: the smoke test ends with status 0."""
    record("smoke_test_time", app_command.run("smoke_test").took_s, "s")
