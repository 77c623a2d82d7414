"""The agent's tools: each works on its own, and what it needs is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        pytest.param(
            "rag_search",
            "procedures.txt",
            marks=pytest.mark.procedure("agent-aiops.tool-failure.test-tool", fault="tool_rag_search:lost"),
        ),
        pytest.param(
            "web_search",
            "of the web",
            marks=[
                pytest.mark.procedure("agent-aiops.tool-failure.test-tool", fault="tool_web_search:fails"),
                pytest.mark.procedure("agent-aiops.tool-failure.test-tool", fault="tool_web_search:made-up"),
            ],
        ),
        pytest.param(
            "terminal",
            "llmops",
            marks=pytest.mark.procedure("agent-aiops.tool-failure.test-tool", fault="tool_terminal:refused"),
        ),
    ],
)
def test_tool_works_on_its_own(app_command: AppCommands, tool: str, expected: str) -> None:
    """A tool that is called without the agent, with an input that is known, brings what is expected."""
    said = app_command.json(f"tool_{tool}")
    assert said["success"] is True, f"{tool} failed: {said['output']}"
    assert expected in said["output"], f"{tool}: {expected!r} is not in what it brought: {said['output']!r}"


@pytest.mark.procedure("agent-aiops.tool-failure.dependencies", fault="tool_needs:lacking")
def test_what_tools_need_is_installed(app_command: AppCommands, record: Record) -> None:
    """Every package and program that a tool needs is there."""
    needs = app_command.json("tool_needs")
    record("tool_needs", len(needs), "packages")
    missing = [name for name, there in needs.items() if not there]
    assert not missing, f"not installed where the application runs: {', '.join(missing)}"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "duckduckgo",
            marks=pytest.mark.procedure("agent-aiops.tool-failure.dependencies", fault="duckduckgo:errors"),
        ),
        pytest.param(
            "searx",
            marks=pytest.mark.procedure("agent-aiops.tool-failure.dependencies", fault="searx:errors"),
        ),
    ],
)
def test_what_tools_ask_answers(services: Callable[[str], Api], name: str) -> None:
    """A service that a tool asks answers."""
    services(name).call("query", prompt="python").ok()


@pytest.mark.procedure("agent-aiops.tool-failure.disable", fault="agent_tools:kept")
@pytest.mark.procedure("agent-aiops.tool-failure.disable", fault="agent_tools:silent")
@pytest.mark.procedure("agent-aiops.tool-failure.disable", fault="llm:nonsense")
def test_agent_goes_on_without_a_tool(
    operation: Callable[[str], Operated], app_command: AppCommands, ui: Ui, prompts: Workload
) -> None:
    """A tool that is switched off is not offered to the agent, which says so where it is asked for, and answers."""
    asked = prompts.known[0]
    done = operation("disable-web-search")
    if done.idle:
        raise Vacuous(f"settings: {'; '.join(done.idle)}, so nothing was switched off.")
    agent = app_command.json("agent_tools")
    assert "web_search" not in agent["tools"], f"the agent has web_search still, beside: {', '.join(agent['tools'])}"
    assert "web_search" in agent["says"], f"asked for web_search, the agent says {agent['says']!r}, nothing of the tool"
    assert ui.ask(asked).knows(asked.expect), f"ui: without the tool the answer lacks {asked.expect!r}"
