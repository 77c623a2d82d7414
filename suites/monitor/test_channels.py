"""Notification channels: each takes a message, the right severities go there, and alerts are delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.channels import Channels
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.target.load import Target


@pytest.mark.procedure("agent-aiops.channels.email", fault="notify:refused")
def test_email_takes_a_message(channels: Channels) -> None:
    """The e-mail channel accepts a test message, or has accepted a message of late."""
    delivery = channels.test("email")
    assert delivery.accepted, delivery.said


@pytest.mark.procedure("agent-aiops.channels.slack", fault="notify:refused")
def test_slack_takes_a_message(channels: Channels) -> None:
    """The Slack channel accepts a test message, or has accepted a message of late."""
    delivery = channels.test("slack")
    assert delivery.accepted, delivery.said


@pytest.mark.procedure("agent-aiops.channels.sms-critical-only", fault="notify:refused")
def test_sms_is_for_the_worst_alone(channels: Channels, llmops_target: Target) -> None:
    """Only the worst severity is sent by SMS; and that way is open, for nothing else would show that it is."""
    worst, sent = llmops_target.table.severities[0].name, channels.severities("sms")
    assert sent == [worst], f"channel sms: {' and '.join(sent)} go there, not {worst} alone: see its severities"
    delivery = channels.test("sms")
    assert delivery.accepted, delivery.said


@pytest.mark.procedure("voyageur.monitor.send-alerts", fault="llm:down, notify:refused")
@pytest.mark.procedure("voyageur.monitor.send-alerts", fault="llm:slow=12, notify:refused")
@pytest.mark.procedure("document-enhancer.health-script.alert-mail", fault="api:down, notify:refused")
@pytest.mark.procedure(
    "voyageur.monitor.send-alerts", "document-enhancer.health-script.alert-mail", fault="notify:refused"
)
def test_alert_is_delivered(triage: Triage, channels: Channels, record: Record) -> None:
    """Where something is wrong, one message lists it all and is accepted; where nothing is, a test message."""
    record("alerts_listed", len(triage.evidence), "alerts")
    assert not triage.severity or channels.routed(triage.severity), f"no channel takes {triage.severity}"
    deliveries = channels.alert(triage)
    told = "the mildest severity, by which what failed is told" if triage.evidence else "the worst severity"
    assert deliveries, f"no channel takes {told}, so that nothing shows that it would be heard of"
    refused = [one.said for one in deliveries if not one.accepted]
    assert not refused, "; ".join(refused)
