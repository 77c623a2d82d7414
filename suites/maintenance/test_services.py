"""Services, their system and their packages: ended and started in order, brought up to date, and working afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("agent-aiops.maintenance.stop-services", fault="ui:wont-stop")
@pytest.mark.procedure("agent-aiops.maintenance.start-in-order", fault="llm:wont-start")
@pytest.mark.procedure("agent-aiops.maintenance.start-in-order", fault="llm:slow-start=16")
def test_services_end_and_start_in_order(
    operation: Callable[[str], Operated], documents: Documents, record: Record
) -> None:
    """Each service ends by itself, none is killed; each is ready before the next one starts, and all are back soon."""
    done = operation("stop-and-start")
    documents.write("stop-and-start.md", done.document())
    assert not done.killed, f"killed, for it did not end in time: {'; '.join(done.killed)}"
    record("down_time[stop-and-start]", done.down_s, "s")


@pytest.mark.procedure("agent-aiops.maintenance.system-updates", fault="system_upgrade:broken")
@pytest.mark.procedure("agent-aiops.maintenance.system-updates", fault="restart_required:pending")
def test_system_is_updated(
    operation: Callable[[str], Operated], app_command: AppCommands, documents: Documents, record: Record
) -> None:
    """The system's packages are upgraded, the services work, and nothing waits for the machine to boot anew."""
    done = operation("system-updates")
    documents.write("system-updates.md", done.document())
    record("system_update_duration", done.took_s, "s", of=done["run system_upgrade"].seen)
    waiting = app_command.text("restart_required").split()
    assert not waiting, (
        f"in effect once the machine has booted anew: {', '.join(waiting)}; restart it within the window, and run this "
        "again: it passes where all is well after that."
    )


@pytest.mark.procedure("agent-aiops.maintenance.models-and-dependencies", fault="pip_check:conflict")
@pytest.mark.procedure("agent-aiops.maintenance.models-and-dependencies", fault="dependencies:refused")
def test_dependencies_are_updated(operation: Callable[[str], Operated], documents: Documents, record: Record) -> None:
    """The newest packages that the requirements allow are installed, do not conflict, and the page works with them."""
    done = operation("update-dependencies")
    documents.write("update-dependencies.md", done.document())
    record("dependency_update_duration", done.took_s, "s", of=done.value("dependencies"))
