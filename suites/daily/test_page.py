"""The page for people, and the agent behind it: a question that is asked as a person asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.after_changes
@pytest.mark.procedure(
    "agent-aiops.daily-health.agent-functionality", "agent-aiops.maintenance.verify", fault="app:broken"
)
@pytest.mark.procedure("agent-aiops.agent-failure.simple-query", fault="app:silent")
def test_page_answers_a_question(ui: Ui, prompts: Workload, record: Record) -> None:
    """A question typed on the page brings the expected answer in time, and the page shows no error."""
    turn = ui.ask(prompts[0])
    record("agent_answer_time", turn.took_s, "s")
    assert turn.knows(prompts[0].expect), f"ui: the answer to {prompts[0].text!r} lacks {prompts[0].expect!r}"


@pytest.mark.procedure(
    "agent-aiops.daily-health.agent-functionality",
    "agent-aiops.agent-failure.simple-query",
    fault="agent_answer:silent",
)
@pytest.mark.procedure("agent-aiops.agent-failure.simple-query", fault="agent_answer:failed")
@pytest.mark.procedure("agent-aiops.agent-failure.simple-query", fault="agent_answer:slow")
def test_agent_answers_a_question(app_command: AppCommands, prompts: Workload, record: Record) -> None:
    """The agent itself, which the page asks only in agent mode, brings the expected answer in time, and no error."""
    said = app_command.json("agent_answer", prompts[0].text)
    assert not said["error"], f"agent: {said['error']}"
    assert said["answer"].strip(), f"agent: its answer to {prompts[0].text!r} is empty"
    record("agent_query_time", said["took_s"], "s")
    right = prompts[0].expect.casefold() in said["answer"].casefold()
    assert right, f"agent: the answer to {prompts[0].text!r} lacks {prompts[0].expect!r}"


@pytest.mark.procedure("agent-aiops.user-support.frequent-issues", fault="llm:nonsense")
@pytest.mark.procedure("agent-aiops.user-support.frequent-issues", fault="llm:errors=0.5")
def test_page_answers_known_questions_rightly(ui: Ui, prompts: Workload) -> None:
    """Every question with a known answer gets it on the page."""
    wrong = [one.id for one in prompts.known if not ui.ask(one).knows(one.expect)]
    assert not wrong, f"ui: answered wrongly: {', '.join(wrong)}"
