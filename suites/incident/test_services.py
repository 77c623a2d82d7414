"""All services at once: started anew, for what they hold too much of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.operate.operation import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("agent-aiops.resource-failure.restart-services", fault="machine:starved")
@pytest.mark.procedure("agent-aiops.resource-failure.restart-services", fault="process_list:bloats")
@pytest.mark.procedure("agent-aiops.resource-failure.restart-services", fault="ui:slow-start=16")
def test_services_are_restarted(
    operation: Callable[[str], Operated], machine: Machine, figures: Figures, documents: Documents, record: Record
) -> None:
    """After a restart of all services they work, hold less memory than before, and the machine's is in its limit."""
    used = figures.read("memory_usage")
    record("memory_usage_before", used.value, used.unit)
    before = {name: machine.figure("process_memory", process=name) for name in machine.part.processes}
    done = operation("restart-services")
    documents.write("restart-services.md", done.document())
    record("recovery_time[services]", done.down_s, "s")
    now = {name: machine.figure("process_memory", process=name) for name in before}
    for name, held in now.items():
        record(f"process_memory[{name}]", held, "MB", of=f"{before[name]:.4g} MB before the restart")
    held, was = sum(now.values()), sum(before.values())
    assert held < was, (
        f"machine: {', '.join(now) or 'processes of no name'} hold {held:.4g} MB after their restart, no less than the "
        f"{was:.4g} MB before it: what is short is held elsewhere, or loaded at their start"
    )
    record.figure("memory_usage", at_once=True)
