"""All services at once: started anew, for what they hold too much of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents

HOLDING = ("ollama", "page")
"""Whose memory is looked at; models are loaded anew as they are asked for, so what Ollama holds is only noted."""


@pytest.mark.procedure("agent-aiops.resource-failure.restart-services", fault="machine:starved")
@pytest.mark.procedure("agent-aiops.resource-failure.restart-services", fault="process_list:bloats")
@pytest.mark.procedure("agent-aiops.resource-failure.restart-services", fault="ui:slow-start=16")
def test_services_are_restarted(
    operation: Callable[[str], Operated],
    machine: Machine,
    figures: Figures,
    ui: Ui,
    documents: Documents,
    record: Record,
) -> None:
    """After a restart they work, the machine's memory is in its limit, and a page that people had open holds less."""
    begun, used = ui.sessions().begun, figures.read("memory_usage")
    record("memory_usage_before", used.value, used.unit)
    before = {name: machine.figure("process_memory", process=name) for name in HOLDING}
    done = operation("restart-services")
    documents.write("restart-services.md", done.document())
    record("recovery_time[services]", done.down_s, "s")
    now = {name: machine.figure("process_memory", process=name) for name in HOLDING}
    for name, held in now.items():
        record(f"process_memory[{name}]", held, "MB", of=f"{before[name]:.4g} MB before the restart")
    record.figure("memory_usage", at_once=True)
    if not begun:
        raise Vacuous("ui: nobody had opened the page since it was started, so that it held nothing to be freed.")
    assert now["page"] < before["page"], (
        f"machine: the page holds {now['page']:.4g} MB after its restart, no less than the {before['page']:.4g} MB "
        "before it: what is short is held elsewhere, or loaded at its start"
    )
