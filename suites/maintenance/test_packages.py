"""The packages of the target after its maintenance window, and the newest of them beside what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.dependencies import Dependencies
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History

pytestmark = pytest.mark.after_changes


@pytest.mark.procedure("document-enhancer.monthly-maintenance.dependency-updates", fault="pip_audit:vulnerable")
def test_no_known_vulnerability_is_left(dependencies: Dependencies, record: Record) -> None:
    """No installed package has a known vulnerability; of those that could not be looked up nobody knows."""
    audited = dependencies.audit()
    record("packages_not_audited", len(audited.skipped), "packages", of=", ".join(audited.skipped))
    record("vulnerabilities", len(audited.vulnerable), "vulnerabilities", of="; ".join(map(str, audited.vulnerable)))
    audited.whole()


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
@pytest.mark.procedure("enterprise-pipeline.monthly.outdated-packages", fault="pip_outdated:unanswered")
@pytest.mark.procedure("document-enhancer.monthly-maintenance.dependency-updates", fault="pip_outdated:fails")
def test_outdated_packages_are_listed(dependencies: Dependencies, documents: Documents, record: Record) -> None:
    """The packages that have a newer version are written down, and remembered by name for the next month."""
    found = dependencies.outdated()
    record("outdated_packages", len(found), "packages")
    for one in found:
        record(f"outdated_package[{one.name}]", 1, of=str(one))
    documents.write("outdated-packages.json", dependencies.as_json(found))


@pytest.mark.procedure("document-enhancer.monthly-maintenance.dependency-updates", fault="pip_outdated:garbage")
def test_outdated_packages_beside_last_months(
    dependencies: Dependencies, history: History, documents: Documents, record: Record
) -> None:
    """Which packages have become outdated since last month, and which the maintenance has brought up to date."""
    then = history.listed("outdated_package", counted="outdated_packages")
    since = dependencies.since(dependencies.outdated(), then.names)
    record("outdated_since", len(since.new), "packages", of=f"new: {', '.join(map(str, since.new)) or 'none'}")
    record("outdated_no_more", len(since.gone), "packages", of=f"gone: {', '.join(since.gone) or 'none'}")
    documents.write("outdated-since-last-month.json", since.as_json(then.at))
