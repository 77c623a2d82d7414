"""The audit log: written, and telling of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.generic


@pytest.mark.procedure(fault="api:no-audit")
def test_audit_log_is_written(api: Api, traffic: Traffic, record: Record) -> None:
    """Requests leave an entry with a time of now; how far the log reaches back is recorded."""
    new = traffic.audited
    assert new.newest_age_s is not None, "api: requests left no entry with a readable time in the audit log"
    record("audit_newest_age", new.newest_age_s, "s")
    record("audit_reach", api.audit().reach_days, "days")


@pytest.mark.procedure(fault="api:open")
def test_refusals_are_in_the_audit_log(api: Api, prompts: Workload, record: Record) -> None:
    """A request with a wrong key is refused, and the refusal is in the log of the last day."""
    new = api.newly_audited(lambda: api.refusal(prompts[0]))
    record("refusals_in_audit_log", new.count("refused"), "entries")
    assert new.count("refused"), "api: a refused request left no entry in the audit log"
