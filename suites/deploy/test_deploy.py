"""Deploying: the new release runs in place of the one before, or the one before still does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("document-enhancer.deploy-prepare.pull-code", fault="version:refused")
@pytest.mark.procedure("document-enhancer.deploy-prepare.pull-code", fault="clean_tree:changed")
@pytest.mark.procedure("document-enhancer.deploy-dependencies.install", fault="packages:refused")
@pytest.mark.procedure("document-enhancer.deploy-dependencies.install", fault="packages_agree:conflict")
@pytest.mark.procedure("document-enhancer.deploy-run.stop", fault="api:wont-stop")
@pytest.mark.procedure("document-enhancer.deploy-run.start", fault="remote_head:broken")
def test_release_is_deployed(carried_out: Callable[..., Operated], change: Change) -> None:
    """Version and packages are those of the release, and it does its work; else what ran before runs again."""
    astray = carried_out("deploy").astray(change)
    assert not astray, "; ".join(astray)


@pytest.mark.procedure("document-enhancer.deploy-run.migrations", fault="migrations:there, migrate:fails")
@pytest.mark.procedure("document-enhancer.deploy-run.migrations", fault="migrations:there, migrate:again")
def test_migrations_are_applied_once(app_command: AppCommands, change: Change, record: Record) -> None:
    """Those that were waiting are applied, and a second run finds nothing to do."""
    if not app_command.lines("migrations"):
        raise Vacuous("app_command: the application has no migrations: nothing is to be applied.")
    change.ran("migrate", "the migrations that it applied: what is in the database is not taken back")
    applied = app_command.lines("migrate")
    record("migrations_applied", len(applied), "migrations", of="; ".join(applied))
    again = app_command.lines("migrate")
    assert not again, f"migrate: a second run, just after the first, still found something to apply: {'; '.join(again)}"
