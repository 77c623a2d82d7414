"""What the target is made of: packages, images and a system without known holes, in the versions that are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.dependencies import Dependencies
    from pytest_llmops.clients.scanner import Scanner
    from pytest_llmops.clients.system_packages import SystemPackages
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.target.load import Target


@pytest.mark.procedure("enterprise-pipeline.monthly.vulnerability-audit", fault="pip_audit:vulnerable")
def test_no_package_has_a_known_vulnerability(dependencies: Dependencies, record: Record) -> None:
    """No installed package has a known vulnerability; an audit that left one out says nothing."""
    audited = dependencies.audit()
    record("packages_not_audited", len(audited.skipped), "packages", of=", ".join(audited.skipped))
    record("vulnerabilities", len(audited.vulnerable), "vulnerabilities", of="; ".join(map(str, audited.vulnerable)))
    audited.whole()


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.monthly.dependency-patches", fault="pip_audit:vulnerable")
@pytest.mark.procedure(fault="pip_audit:vulnerable")
def test_no_package_waits_for_its_patch(dependencies: Dependencies, record: Record) -> None:
    """No installed package has a known vulnerability that a newer version is without."""
    audited = dependencies.audit()
    mended = "; ".join(map(str, audited.fixable))
    record("fixable_vulnerabilities", len(audited.fixable), "vulnerabilities", of=mended)
    audited.whole()


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.monthly.transformers-pin", fault="pip_list:too-new")
@pytest.mark.procedure("enterprise-pipeline.monthly.transformers-pin", fault="pip_list:too-old")
@pytest.mark.procedure(fault="pip_list:too-new")
def test_packages_are_of_the_versions_that_are_meant(dependencies: Dependencies, llmops_target: Target) -> None:
    """What is pinned is installed in a version that the pin allows."""
    wrong = dependencies.outside(llmops_target.table.security.packages)
    assert not wrong, f"app_command: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.parametrize(
    "what",
    [
        pytest.param(
            "environment",
            marks=[
                pytest.mark.procedure(
                    "agent-aiops.security-updates.vulnerability-scan",
                    "agent-aiops.audits.vulnerability-scan",
                    fault="scan_environment:critical",
                ),
                pytest.mark.procedure(fault="scan_environment:critical"),
            ],
        ),
        pytest.param(
            "images",
            marks=[
                pytest.mark.procedure("aegis-rag.monthly.base-images", fault="scan_images:critical"),
                pytest.mark.procedure(fault="scan_images:critical"),
            ],
        ),
        pytest.param(
            "host",
            marks=[
                pytest.mark.procedure("agent-aiops.audits.vulnerability-scan", fault="scan_host:critical"),
                pytest.mark.procedure(fault="scan_host:critical"),
            ],
        ),
    ],
)
def test_a_scan_finds_nothing_critical(scanner: Scanner, what: str, documents: Documents, record: Record) -> None:
    """A scanner finds no critical vulnerability, and looked into all of it."""
    scan = scanner(what)
    documents.write(f"vulnerabilities-{what}.md", scan.document())
    record(f"critical_vulnerabilities[{what}]", len(scan.critical), "vulnerabilities", of=scan.said)
    scan.whole()


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.monthly.base-images", fault="running_images:behind")
@pytest.mark.procedure("aegis-rag.monthly.base-images", fault="running_images:old-base")
@pytest.mark.procedure("aegis-rag.monthly.base-images", fault="running_images:not-made-anew")
@pytest.mark.procedure(fault="running_images:behind")
def test_containers_run_the_newest_images(containers: Containers, record: Record) -> None:
    """Each container runs what its tag stands for, here and in the registry, made of the newest base."""
    images = containers.images()
    record("images_behind", len(images.behind), "containers", of="; ".join(images.behind))
    images.whole()


@pytest.mark.generic
@pytest.mark.procedure(fault="running_images:latest")
def test_images_say_which_version_they_are(containers: Containers, llmops_target: Target, record: Record) -> None:
    """No container is started with a tag that stands for another build tomorrow."""
    moving = containers.images().without_version
    has = "" if moving else "each image is named by its version"
    unless_lacking(llmops_target, "containers", "image_versions", lambda: has, moving)
    record("images_without_version", len(moving), "containers", of=", ".join(moving))


@pytest.mark.generic
@pytest.mark.after_changes
@pytest.mark.procedure("document-enhancer.monthly-maintenance.security-patches", fault="system_updates:pending")
@pytest.mark.procedure("document-enhancer.monthly-maintenance.security-patches", fault="package_lists:old")
@pytest.mark.procedure(fault="system_updates:pending")
def test_no_security_update_waits(system_packages: SystemPackages, record: Record) -> None:
    """By lists of packages that are new, no security update of the operating system waits, held ones among them."""
    record("package_lists_age", system_packages.lists_age_s(), "s")
    pending = system_packages.security_updates()
    record("pending_security_updates", len(pending), "packages", of="; ".join(map(str, pending)))


@pytest.mark.procedure("agent-aiops.security-updates.system-packages", fault="system_updates:held")
@pytest.mark.procedure("agent-aiops.security-updates.system-packages", fault="system_upgrade:broken")
def test_system_packages_are_upgraded(
    operation: Callable[[str], Operated], system_packages: SystemPackages, documents: Documents, record: Record
) -> None:
    """After the upgrade no security update waits, held ones among them; what waits for a boot is named."""
    done = operation("system-updates")
    documents.write("security-updates.md", done.document())
    pending = system_packages.security_updates()
    record("pending_security_updates", len(pending), "packages", of="; ".join(map(str, pending)))
    waiting = system_packages.waits_for_a_boot()
    record("packages_waiting_for_a_boot", len(waiting), "packages", of=", ".join(waiting))
