"""The audit log: written, and telling of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.plugin.measuring import Record
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.generic


@pytest.mark.procedure(
    "document-enhancer.retention.audit-log", "agent-aiops.log-retention.audit-logs", fault="api:no-audit"
)
def test_audit_log_is_written(api: Api, prompts: Workload, record: Record) -> None:
    """A request leaves an entry with a time of now; how far the log reaches back is recorded."""
    api.query(prompts[0])
    log = api.audit()
    assert log.newest_age_s is not None, "api: the audit log has no entry with a time that can be read"
    record("audit_newest_age", log.newest_age_s, "s")
    record("audit_reach", log.reach_days, "days")


@pytest.mark.procedure("aegis-rag.daily.security-events", fault="api:open")
def test_refusals_are_in_the_audit_log(api: Api, prompts: Workload, record: Record) -> None:
    """A request with a wrong key is refused, and the refusal is in the log of the last day."""
    refusal = api.with_wrong_key("query", prompt=prompts[0].text, user="llmops-guest", fresh=True)
    assert refusal.status in {401, 403}, f"api: {refusal.asked} with a wrong key answered {refusal.status}"
    refused = api.audit().count("refused")
    record("refused_requests", refused, "requests")
    assert refused, "api: a refused request left no entry in the audit log"
