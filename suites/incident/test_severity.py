"""Severities: none of their conditions holds now, and an incident that was open has been answered in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage

pytestmark = pytest.mark.generic


def holds_no_more(triage: Triage, record: Record, rank: int) -> None:
    """Nothing that makes the severity of this rank is so now, seen or unseen; what was so was answered in its time."""
    judged = triage.rank(rank)
    record(f"conditions_judged_{rank}", judged.looked, "conditions", of=judged.name)
    waited_s = triage.response_s(rank)
    if waited_s is not None:
        record(f"response_time_to_incident[{judged.name}]", waited_s, "s")
    assert not judged.met, judged.said
    assert not triage.unanswered(rank), "; ".join(triage.unanswered(rank))
    triage.certain(rank)


@pytest.mark.procedure("voyageur.severity.p0-critical", fault="api:down, llm:down, redis:down")
@pytest.mark.procedure("document-enhancer.severity.p1", "aegis-rag.severity.p0", fault="api:down")
@pytest.mark.procedure("document-enhancer.severity.p1", fault="process_list:none")
@pytest.mark.procedure(
    "voyageur.severity.p0-critical",
    "document-enhancer.severity.p1",
    "aegis-rag.severity.p0",
    fault="incidents:unanswered",
)
@pytest.mark.procedure(fault="api:down, llm:down, vectors:down, redis:down, machine:down")
def test_nothing_of_the_highest_severity(triage: Triage, record: Record) -> None:
    """There is no complete outage, breach or data loss, and the last one was answered in time."""
    holds_no_more(triage, record, 1)


@pytest.mark.procedure("voyageur.severity.p1-high", "aegis-rag.severity.p1", fault="llm:down")
@pytest.mark.procedure("voyageur.severity.p1-high", fault="past:faster")
@pytest.mark.procedure("voyageur.severity.p1-high", fault="llm:slow=12")
@pytest.mark.procedure("voyageur.severity.p1-high", fault="day_logs:failing")
@pytest.mark.procedure("aegis-rag.severity.p1", fault="api:errors=0.5")
@pytest.mark.procedure("aegis-rag.severity.p1", fault="llm:slow=30")
@pytest.mark.procedure("document-enhancer.severity.p2", fault="llm_calls:limited")
@pytest.mark.procedure("document-enhancer.severity.p2", fault="machine:busy")
@pytest.mark.procedure(
    "voyageur.severity.p1-high",
    "document-enhancer.severity.p2",
    "aegis-rag.severity.p1",
    fault="incidents:unanswered",
)
@pytest.mark.procedure("document-enhancer.severity.p2", fault="incidents:late")
def test_nothing_of_the_second_severity(triage: Triage, record: Record) -> None:
    """No part is away and errors and response times are within bounds; the last such incident was answered in time."""
    holds_no_more(triage, record, 2)


@pytest.mark.procedure("voyageur.severity.p2-medium", fault="llm:one-model")
@pytest.mark.procedure("voyageur.severity.p2-medium", fault="llm_status:no-translation")
@pytest.mark.procedure("voyageur.severity.p2-medium", fault="llm_status:no-detailed")
@pytest.mark.procedure("voyageur.severity.p2-medium", fault="backend_logs:one-failing")
@pytest.mark.procedure("aegis-rag.severity.p2", fault="jina:down")
@pytest.mark.procedure("document-enhancer.severity.p3", fault="app_log:failing")
@pytest.mark.procedure("document-enhancer.severity.p3", fault="machine:warm")
@pytest.mark.procedure(
    "voyageur.severity.p2-medium",
    "document-enhancer.severity.p3",
    "aegis-rag.severity.p2",
    fault="incidents:unanswered",
)
def test_nothing_of_the_third_severity(triage: Triage, record: Record) -> None:
    """No single model, feature or job fails and nothing warns, and the last such incident was answered in time."""
    holds_no_more(triage, record, 3)


@pytest.mark.procedure("voyageur.severity.p3-low", "document-enhancer.severity.p4", fault="redis:forgetful")
@pytest.mark.procedure("aegis-rag.severity.p3", fault="api:stale")
@pytest.mark.procedure(
    "voyageur.severity.p3-low",
    "document-enhancer.severity.p4",
    "aegis-rag.severity.p3",
    fault="incidents:unanswered",
)
def test_nothing_of_the_fourth_severity(triage: Triage, record: Record) -> None:
    """No check fails otherwise, and the last such incident was answered in time."""
    holds_no_more(triage, record, 4)
