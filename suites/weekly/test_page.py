"""The page for people, and the dashboard that is looked at: it is there, and what it counts is of now."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

LONG = 12
"""Turns of a long conversation: of so many a rise is beyond doubt."""
AGAIN = 4


@pytest.mark.procedure("agent-aiops.channels.dashboard", fault="dashboard:stale")
@pytest.mark.procedure("agent-aiops.channels.dashboard", fault="dashboard:undated")
@pytest.mark.procedure("agent-aiops.channels.dashboard", fault="dashboard:ahead")
@pytest.mark.procedure("agent-aiops.channels.dashboard", fault="dashboard:errors")
def test_dashboard_shows_what_is_new(record: Record) -> None:
    """The status dashboard answers, and its data is younger than its refresh interval."""
    record.figure("dashboard_data")


@pytest.mark.generic
@pytest.mark.after_changes
@pytest.mark.procedure("agent-aiops.maintenance.verify", fault="ui:page")
def test_page_counts_its_sessions(ui: Ui, record: Record) -> None:
    """The page is served, and its own figures, made when they are asked for, say who is there."""
    record("ui_health_time", ui.health(), "s")
    record("ui_sessions", ui.sessions().active, "sessions")


@pytest.mark.procedure("agent-aiops.sessions.usage-patterns", fault="ui:page")
def test_how_long_sessions_last(ui: Ui, record: Record) -> None:
    """The mean duration of the sessions that have ended since the page's server was started."""
    record("session_duration_mean", ui.sessions().mean_s, "s")


@pytest.mark.procedure("agent-aiops.performance-review.memory-efficiency", fault="app:hoards")
@pytest.mark.procedure("agent-aiops.performance-review.memory-efficiency", fault="app:silent")
def test_a_long_conversation_stays_light(ui: Ui, prompts: Workload, record: Record) -> None:
    """From turn to turn of one session neither memory nor time nor the model's context rises beyond its limit."""
    turns = ui.converse(islice(prompts.rounds(), LONG))
    record.statistics("conversation_turn", [turn.took_s for turn in turns], "s")
    record.slope("conversation_time", [turn.took_s for turn in turns], "s")
    record.slope("conversation_memory", [turn.held_mb for turn in turns if turn.held_mb is not None], "MB")
    context = [turn.details["prompt_eval_count"] for turn in turns if turn.details.get("prompt_eval_count")]
    record.slope("conversation_context", context, "tokens")


@pytest.mark.procedure("agent-aiops.optimisation.caching", fault="app:silent")
def test_what_a_repeated_question_takes(ui: Ui, prompts: Workload, record: Record) -> None:
    """How long the same question takes again and again, and which share of its answers no model was asked for."""
    first, *again = ui.converse([prompts[0]] * AGAIN)
    record("repeated_question_first", first.took_s, "s")
    record.statistics("repeated_question", [turn.took_s for turn in again], "s")
    asked = [turn for turn in again if turn.details.get("eval_count")]
    record.shares("repeated_question_from", {"model": len(asked), "cache": len(again) - len(asked)})
