"""The fixtures for how a target is set up: what its runbook asks for, schedules, packages, settings, versions."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.crontab import Crontab
    from pytest_llmops.clients.dependencies import Dependencies
    from pytest_llmops.clients.effective import EffectiveSettings
    from pytest_llmops.clients.failing_service import FailingService
    from pytest_llmops.clients.over_http import OverHttp
    from pytest_llmops.clients.own_tests import OwnTests
    from pytest_llmops.clients.rollback import Rollback
    from pytest_llmops.clients.runbook import RunbookDocument
    from pytest_llmops.clients.served import Certificates
    from pytest_llmops.plugin.maintenance import Maintenance
    from pytest_llmops.plugin.run import Run


def _commands(run: Run) -> AppCommands:
    return cast("AppCommands", run.own.serving("app_command"))


@pytest.fixture(scope="session")
def runbook(_llmops: Run) -> RunbookDocument:
    """The runbook as it lies on the target: ``text() version() date() window() lost() never_there()``.

    What stands where in it, and what it names, the target says in its table ``runbook``.

    Example:
        def test_everything_it_names_is_there(runbook):
            assert not runbook.lost()
    """
    from pytest_llmops.clients.runbook import RunbookDocument

    app, target = _commands(_llmops), _llmops.target

    def answers(component: str, path: str) -> int:
        return cast("OverHttp", _llmops.own.reached(component)).http.call("GET", path).status

    def there(path: str) -> bool:
        files = target.table.components.files
        return (target.root / (files.root if files else ".") / path).exists()

    return RunbookDocument(app, target.table.runbook, answers, there)


@pytest.fixture(scope="session")
def crontab(_llmops: Run) -> Crontab:
    """The crontab, by the target's command ``crontab``: ``lines() entry() wrong() stale() outcome()``.

    Example:
        def test_nightly_backup(crontab):
            assert crontab.entry("backup").fires_like("0 2 * * *")
    """
    from pytest_llmops.clients.crontab import Crontab, local_now

    return Crontab(_commands(_llmops), _llmops.target.table.runbook.cron, local_now)


@pytest.fixture(scope="session")
def dependencies(_llmops: Run) -> Dependencies:
    """The packages of the target's environment: ``conflicts() installed() outside() outdated() since() audit()``.

    By the target's commands ``pip_check pip_list pip_outdated pip_audit``; nothing is asked from here.
    """
    from pytest_llmops.clients.dependencies import Dependencies

    return Dependencies(_commands(_llmops))


@pytest.fixture(scope="session")
def own_tests(_llmops: Run) -> OwnTests:
    """The application's own tests, by its own commands: ``run(command)`` says what passed, failed, was slowest."""
    from pytest_llmops.clients.own_tests import OwnTests

    return OwnTests(_commands(_llmops))


@pytest.fixture(scope="session")
def effective_settings(_llmops: Run) -> EffectiveSettings:
    """The settings that are in effect: ``values() value() wrong() unread() stale()``, by ``runbook.settings``."""
    from pytest_llmops.clients.effective import EffectiveSettings

    return EffectiveSettings(_commands(_llmops), _llmops.target.table.runbook, time.time)


@pytest.fixture(scope="session")
def rollback(_llmops: Run) -> Rollback:
    """Where a rollback would go: ``default()`` by history, ``deployed_before()`` by where HEAD was."""
    from pytest_llmops.clients.rollback import Rollback

    return Rollback(_commands(_llmops))


@pytest.fixture(scope="session")
def certificates(_llmops: Run) -> Certificates:
    """The certificates that the target's endpoints show: ``served()``, the one that expires first is the first."""
    from pytest_llmops.clients.served import Certificates

    return Certificates(_llmops.target, _llmops.ledger)


@pytest.fixture(scope="session")
def maintenance(_llmops: Run, runbook: RunbookDocument) -> Maintenance:
    """Maintenance windows: ``named() missing() wrongly_judged() refused_beside()``. Nothing is changed."""
    from pytest_llmops.plugin.maintenance import Maintenance

    return Maintenance(_llmops.target, _llmops.options, runbook, lambda: dt.datetime.now(dt.UTC))


@pytest.fixture
def failing_service() -> Iterator[FailingService]:
    """A service on this machine that answers 503 to everything: ``url calls pauses_s``.

    Example:
        def test_the_client_tries_three_times(failing_service, app_command):
            app_command.run("ask", failing_service.url)
            assert failing_service.calls == 3
    """
    from pytest_llmops.clients.failing_service import FailingService

    with FailingService() as service:
        yield service
