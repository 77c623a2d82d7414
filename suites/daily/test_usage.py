"""Usage of the day, kept so that a month shows how it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.recording import Record

DAY_S = 86400


@pytest.mark.procedure("document-enhancer.monthly-maintenance.capacity-planning", fault="outputs:missing")
@pytest.mark.procedure("document-enhancer.monthly-maintenance.capacity-planning", fault="llm_calls:missing")
def test_usage_of_the_pipeline(files: Files, logs: Logs, record: Record) -> None:
    """Documents put out so far, the disk that they lie on, and calls to the LLM API in the last 24 hours."""
    record("output_documents", len(files.found("outputs")), "documents")
    record("llm_calls", len(logs.entries("llm_calls", since_s=DAY_S)), "calls")
    record.figure("disk_used")


@pytest.mark.procedure("agent-aiops.capacity.growth-trends", fault="request_log:missing")
@pytest.mark.procedure("agent-aiops.capacity.growth-trends", fault="ui:page")
def test_usage_of_the_agent(files: Files, logs: Logs, ui: Ui, llm: Llm, record: Record) -> None:
    """Questions of the last 24 hours, users, documents of the knowledge base, and storage, of models and in all."""
    asked = logs.entries("llm_requests", since_s=DAY_S).first_of_each("question")  # "requests" has the agent's alone
    record("requests_of_the_day", len(asked), "requests")
    record("active_sessions", ui.sessions().active, "sessions")
    record("rag_documents", len(files.found("rag_documents")), "documents")
    record("model_storage", llm.stored_gb(), "GB")
    record.figure("disk_used")
