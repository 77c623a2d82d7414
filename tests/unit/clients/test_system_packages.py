"""Packages of the operating system, as apt-get simulates an upgrade of them."""

import time

import pytest

from pytest_llmops.clients.system_packages import SystemPackages, Update
from pytest_llmops.errors import CallFailed

SIMULATED = """\
Inst base-files [12.4+deb12u11] (12.4+deb12u15 Debian:12.15/oldstable [amd64])
Inst libgcrypt20-dev [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/old, Debian-Security:12/old-security [amd64]) []
Inst libssl3:i386 [3.0.2-0ubuntu1.18] (3.0.2-0ubuntu1.20 Ubuntu:22.04/jammy, Ubuntu:22.04/jammy-security [i386])
Inst linux-image-6.1 (6.1.140-1 Debian-Security:12/stable-security [amd64])
Conf base-files (12.4+deb12u15 Debian:12.15/oldstable [amd64])
Remv old-thing [1.0]
"""


def test_security_updates(app):
    packages = SystemPackages(app(system_updates=SIMULATED, packages_held="libssl3\n"), time.time)
    assert [one.name for one in packages.updates()] == [
        "base-files",
        "libgcrypt20-dev",
        "libssl3:i386",
        "linux-image-6.1",
    ]
    assert [str(one) for one in packages.security_updates()] == [
        "libgcrypt20-dev 1.10.1-3 -> 1.10.1-3+deb12u1",
        "libssl3:i386 3.0.2-0ubuntu1.18 -> 3.0.2-0ubuntu1.20, which is held",
        "linux-image-6.1 (new) -> 6.1.140-1",
    ]
    assert SystemPackages(app(system_updates="", packages_held=""), time.time).updates() == []
    assert not Update("tzdata", "1", "2", "Debian:12/stable").security


def test_something_else_is_no_upgrade(app):
    packages = SystemPackages(app(system_updates="E: Could not open lock file\n", packages_held=""), time.time)
    with pytest.raises(CallFailed) as caught:
        packages.updates()
    assert str(caught.value) == (
        "app_command: system_updates: is no simulated upgrade of apt-get's: E: Could not open lock file."
    )


def test_lists_and_a_boot(app):
    packages = SystemPackages(app(package_lists="1000\n", restart_required="linux-base\nlibc6\n"), lambda: 4600.0)
    assert packages.lists_age_s() == 3600
    assert packages.waits_for_a_boot() == ["linux-base", "libc6"]
