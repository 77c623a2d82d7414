"""Leaks: persons, secrets and stack traces in answers, error pages, metrics, logs and traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.security.leak_review import Leaks


@pytest.mark.generic
@pytest.mark.procedure(fault="api:leaks-pii")
@pytest.mark.procedure(fault="api:leaks-secret")
@pytest.mark.procedure(fault="llm:leaks-pii")
@pytest.mark.procedure(fault="providers:person")
def test_no_answer_leaks(leaks: Leaks) -> None:
    """No answer names a person, shows a key or a password, or is a stack trace."""
    found = leaks.answers()
    assert not found.leaks, found.said
    found.whole()


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure(fault="api:leaks-traces")
@pytest.mark.procedure(fault="api:debug")
def test_no_error_page_leaks(leaks: Leaks) -> None:
    """An unknown page, a wrong method and a wrong body are answered without a stack trace, a person or a key."""
    found = leaks.error_pages()
    assert not found.leaks, found.said
    found.whole()


@pytest.mark.generic
@pytest.mark.procedure(fault="api:leaks-label")
def test_no_metrics_page_leaks(leaks: Leaks) -> None:
    """No name, label or description on a metrics page holds a person or a key."""
    found = leaks.metrics()
    assert not found.leaks, found.said
    found.whole()


@pytest.mark.generic
@pytest.mark.needs("logs")
@pytest.mark.procedure("agent-aiops.privacy.no-personal-data", fault="user_log:person")
@pytest.mark.procedure("agent-aiops.privacy.no-personal-data", fault="app_log:key")
@pytest.mark.procedure(fault="app_log:key")
@pytest.mark.procedure(fault="backend_logs:key")
@pytest.mark.procedure(fault="pipeline_logs:key")
def test_no_log_leaks(leaks: Leaks) -> None:
    """The newest lines of every log hold no key and no password, and no person where that is not declared."""
    found = leaks.logs()
    assert not found.leaks, found.said
    found.whole()
    leaks.unless_lacking(found)


@pytest.mark.generic
@pytest.mark.needs("langfuse")
@pytest.mark.procedure("enterprise-pipeline.pii.affected-traces", fault="langfuse:person")
def test_no_trace_leaks(leaks: Leaks) -> None:
    """The newest traces hold no key, no password and no person."""
    found = leaks.traces()
    assert not found.leaks, found.said
    found.whole()


@pytest.mark.needs("logs")
@pytest.mark.procedure("agent-aiops.privacy.no-personal-data", fault="user_log:person")
@pytest.mark.procedure("agent-aiops.privacy.no-personal-data", fault="workflow_log:person")
@pytest.mark.procedure("agent-aiops.privacy.no-personal-data", fault="conversation_log:person")
def test_a_conversation_leaves_no_person_in_a_log(leaks: Leaks, record: Record) -> None:
    """A person who was named in a conversation stands in no log afterwards."""
    found = leaks.told()
    record("personal_data_hits", len(found.leaks), "hits")
    assert not found.leaks, found.said
    found.whole()
    leaks.unless_lacking(found)


@pytest.mark.needs("logs")
@pytest.mark.procedure("agent-aiops.privacy.conversation-handling", fault="request_log:readable")
def test_conversations_are_kept_and_sent_for_nobody_else(leaks: Leaks) -> None:
    """The files that hold conversations are for their owner alone, and what is said goes over TLS."""
    readable = leaks.readable()
    assert not readable, f"anybody on the machine may read what users wrote: {', '.join(readable)}"
    in_clear = leaks.in_clear()
    assert not in_clear, f"conversations go over the network in clear: {'; '.join(in_clear)}"


@pytest.mark.needs("api", "logs")
@pytest.mark.procedure("enterprise-pipeline.pii.detection-patterns", fault="pipeline_logs:undetected")
def test_known_personal_data_is_detected(leaks: Leaks, documents: Documents) -> None:
    """Of a question with personal data of every kind that the system knows each is detected; it is written down."""
    found = leaks.detected()
    missed = [kind for kind, seen in found.items() if not seen]
    lines = [f"- {kind}: {'detected' if seen else 'NOT DETECTED'}" for kind, seen in found.items()]
    documents.write(
        "personal-data-patterns.md", "\n".join(["# Personal data that was sent, and what was detected", "", *lines])
    )
    assert not missed, f"sent in a question, and not detected: {', '.join(missed)}"


@pytest.mark.needs("langfuse")
@pytest.mark.procedure("enterprise-pipeline.pii.affected-traces", fault="langfuse:unfindable")
@pytest.mark.procedure("enterprise-pipeline.pii.affected-traces", fault="langfuse:errors")
def test_affected_traces_can_be_found(leaks: Leaks, record: Record, documents: Documents) -> None:
    """The traces of one user, and those that hold a value, can be found; what each holds is written down."""
    found = leaks.affected()
    record("affected_traces", len(found.traces), "traces")
    assert documents.read(documents.write("affected-traces.md", found.document()))
