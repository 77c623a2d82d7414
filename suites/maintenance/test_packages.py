"""The packages of the target after its maintenance window, and the newest of them beside what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.dependencies import Dependencies
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("document-enhancer.monthly-maintenance.dependency-updates", fault="pip_audit:vulnerable")
def test_no_known_vulnerability_is_left(dependencies: Dependencies, record: Record) -> None:
    """No installed package has a known vulnerability."""
    found = dependencies.vulnerabilities()
    record("vulnerabilities", len(found), "vulnerabilities", of="; ".join(map(str, found)))


@pytest.mark.procedure(
    "document-enhancer.monthly-maintenance.dependency-updates",
    "document-enhancer.deploy-dependencies.check-conflicts",
    fault="pip_check:conflict",
)
def test_packages_do_not_conflict(dependencies: Dependencies, record: Record) -> None:
    """No installed package asks for another version of one that it needs."""
    found = dependencies.conflicts()
    record("dependency_conflicts", len(found), "conflicts", of="; ".join(found))


@pytest.mark.procedure("enterprise-pipeline.monthly.outdated-packages", fault="pip_outdated:garbage")
@pytest.mark.procedure("document-enhancer.monthly-maintenance.dependency-updates", fault="pip_outdated:fails")
def test_outdated_packages_are_listed(dependencies: Dependencies, documents: Documents, record: Record) -> None:
    """The packages that have a newer version are written down; how many were there last month, the history says."""
    found = dependencies.outdated()
    record("outdated_packages", len(found), "packages")
    documents.write("outdated-packages.json", dependencies.as_json(found))
