"""The fixtures for what a target is made of and configured with: packages, images, keys, files that hold secrets."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.key_inventory import KeyInventory
    from pytest_llmops.clients.scanner import Scanner
    from pytest_llmops.clients.system_packages import SystemPackages
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.security.configuration import Configuration
    from pytest_llmops.target.security import Subject


@pytest.fixture(scope="session")
def system_packages(_llmops: Run) -> SystemPackages:
    """The packages of the operating system: ``updates() security_updates() lists_age_s() waits_for_a_boot()``.

    By the target's commands ``system_updates``, ``packages_held``, ``package_lists`` and ``restart_required``; an
    upgrade is simulated, and nothing is changed.

    Example:
        def test_nothing_waits(system_packages, record):
            record("pending_security_updates", len(system_packages.security_updates()), "packages")
    """
    from pytest_llmops.clients.system_packages import SystemPackages

    return SystemPackages(cast("AppCommands", _llmops.own.serving("app_command")), time.time)


@pytest.fixture(scope="session")
def scanner(_llmops: Run) -> Scanner:
    """A vulnerability scan, by the target's command ``scan_WHAT``, which prints Trivy's JSON: ``scanner(WHAT)``.

    What comes of it has ``scanned found critical unseen``; ``whole()`` makes the check *vacuous* where it could not
    look into all of it. A scan of what the target says it has nothing of is *unsupported*.

    Example:
        def test_images_have_no_critical_vulnerability(scanner, record):
            scan = scanner("images")
            record("critical_vulnerabilities[images]", len(scan.critical), of=scan.said)
            scan.whole()
    """
    from pytest_llmops.clients.scanner import Scanner
    from pytest_llmops.security.lacking import unless_lacking

    app = cast("AppCommands", _llmops.own.serving("app_command"))

    def there(what: str) -> None:
        described = f"the command scan_{what} is described" if f"scan_{what}" in app.part.commands else ""
        unless_lacking(_llmops.target, "app_command", cast("Subject", what), lambda: described)

    return Scanner(app, there)


@pytest.fixture(scope="session")
def key_inventory(_llmops: Run) -> KeyInventory:
    """The target's keys by its inventory, a file that has their names and dates: ``keys() ages() idle() wrong()``.

    Where it lies, and which command prints the keys that the application takes, says ``security.keys``. No key is ever
    read into it, only the beginning of its SHA-256.

    Example:
        def test_keys_are_rotated(key_inventory, record):
            for name, days in key_inventory.ages().items():
                record(f"key_age_days[{name}]", days, "days")
    """
    from pytest_llmops.clients.key_inventory import KeyInventory

    own = _llmops.own
    return KeyInventory(
        cast("Files", own.serving("files")),
        lambda: cast("AppCommands", own.serving("app_command")),
        _llmops.target.table.security.keys,
        lambda: dt.datetime.now(dt.UTC).date(),
    )


@pytest.fixture(scope="session")
def configuration(_llmops: Run) -> Configuration:
    """What the target's configuration gives away: ``exposed() env_file()``, of its files ``configuration_texts``.

    A secret is told by its file, its line and its name; what it is, is never kept.

    Example:
        def test_no_secret_lies_about(configuration):
            assert not configuration.exposed()
    """
    from pytest_llmops.security.configuration import Configuration

    return Configuration(cast("Files", _llmops.own.serving("files")))
