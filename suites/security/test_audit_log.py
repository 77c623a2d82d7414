"""The audit log: all there, in order, unchanged, and closed to changes; tampering with a copy of it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from pytest_llmops import Target
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.security.audit_review import AuditReview


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("enterprise-pipeline.monthly.audit-log-gaps", fault="audit_log:unordered")
@pytest.mark.procedure(fault="audit_log:removed")
@pytest.mark.procedure(fault="audit_log:garbled")
def test_entries_are_in_order(audit_log: AuditReview, record: Record) -> None:
    """Each line can be read, is of a time not before the one before it, and follows it in number, where it has one."""
    wrong = audit_log.faults("order", "sequence", "rewritten", "unreadable")
    record("audit_entries_out_of_order", len(wrong), "entries")
    assert not wrong, f"audit: {'; '.join(map(str, wrong))}"


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("enterprise-pipeline.monthly.audit-log-gaps", fault="audit_log:gap")
def test_there_is_no_gap(audit_log: AuditReview, record: Record) -> None:
    """No time without an entry is longer than it may be, the one since the newest entry included."""
    gap = audit_log.gap()
    record("audit_gap", gap.seconds, "s", of=gap.says, example='critical = "> 2 d"')


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure(fault="audit_log:altered")
def test_no_entry_was_changed(audit_log: AuditReview, record: Record) -> None:
    """Each entry is what its digest says, and has that of the one before; a file of one event was not written later."""
    wrong = audit_log.faults("chain", "rewritten", "unreadable")
    record("audit_entries_changed", len(wrong), "entries")
    assert not wrong, f"audit: {'; '.join(map(str, wrong))}"


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("enterprise-pipeline.monthly.audit-log-listing", fault="audit_log:absent")
def test_audit_log_is_listed(audit_log: AuditReview, record: Record, documents: Documents) -> None:
    """It is there and can be read: its files with their permissions, and its entries by type, in a document."""
    record("audit_files", len(audit_log.files()), "files")
    for kind, count in audit_log.by_type().items():
        record(f"audit_entries[{kind}]", count, "entries")
    assert documents.read(documents.write("audit-log.md", audit_log.document()))


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("enterprise-pipeline.monthly.audit-log-listing", fault="audit_log:writable")
def test_closed_files_cannot_be_written(audit_log: AuditReview, llmops_target: Target, record: Record) -> None:
    """Permissions allow no more than they may, and what nothing is written to any more is closed to everybody."""
    wide = audit_log.too_open()
    assert not wide, f"audit: {'; '.join(wide)}"
    changeable = audit_log.writable()
    record("audit_files_writable", len(changeable), "files")
    closed = [file.name for file in audit_log.files() if file.closed and not changeable]
    has = f"nobody can write to {', '.join(closed)}" if closed else ""
    unless_lacking(llmops_target, "audit", "write_once", lambda: has, changeable)
    assert not changeable, f"audit: {'; '.join(changeable)}"


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("enterprise-pipeline.monthly.audit-log-count", fault="audit_log:removed")
@pytest.mark.procedure(fault="audit_log:lossy")
@pytest.mark.procedure(fault="api:frozen-metrics")
def test_all_events_were_audited(audit_log: AuditReview, traffic: Traffic, record: Record) -> None:
    """There are as many entries as something else has counted events of that time."""
    assert traffic.questions, "api: nothing was asked, so nothing could be audited"
    counts = audit_log.counts()
    record("audited_events", counts.entries, "entries")
    assert counts.entries == counts.expected, (
        f"audit: {counts.entries} entries, and {counts.expected} events by {counts.place}"
    )


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure(fault="audit_log:unchained")
def test_tampering_with_a_copy_is_seen(audit_log: AuditReview, llmops_target: Target, record: Record) -> None:
    """A copy is altered, robbed of an entry, and has two swapped: each is seen; the log itself is only read."""
    tried = audit_log.tampered()
    unseen = [one for one in tried if not one.seen]
    record("tampering_seen", len(tried) - len(unseen), "ways", of=f"{len(tried)} ways")
    has = "" if unseen else "each way of tampering with a copy was seen"
    unless_lacking(llmops_target, "audit", "audit_chain", lambda: has, unseen)
    assert not unseen, f"audit: not seen on a copy: {', '.join(map(str, unseen))}; give the entries a hash chain"


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure(fault="audit_log:dropped")
def test_audit_log_is_kept(audit_log: AuditReview, record: Record) -> None:
    """It reaches back as far as it must, or to the installation."""
    record("audit_reach", audit_log.reach_s(), "s")
    wrong = audit_log.retention()
    assert not wrong, f"audit: {'; '.join(wrong)}"


@pytest.mark.procedure("document-enhancer.retention.audit-log", fault="audit_log:there")
@pytest.mark.procedure("agent-aiops.log-retention.audit-logs", fault="audit_log:there")
def test_audit_log_is_kept_for_a_year(audit_log: AuditReview, record: Record) -> None:
    """It is rotated, and its history reaches back a year, or to the first start of a younger service."""
    record("retention_days", audit_log.reach_s(), "s")
    wrong = audit_log.retention()
    assert not wrong, f"audit: {'; '.join(wrong)}"
