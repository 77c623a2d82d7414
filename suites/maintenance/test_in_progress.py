"""Before maintenance: what is under way is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.plugin.recording import Record

WAIT_S = 60.0


@pytest.mark.procedure("document-enhancer.pre-maintenance.wait-for-in-progress", fault="process_list:working")
@pytest.mark.procedure("document-enhancer.pre-maintenance.wait-for-in-progress", fault="process_list:flagged")
@pytest.mark.procedure("document-enhancer.pre-maintenance.wait-for-in-progress", fault="process_list:rerunning")
def test_no_work_is_under_way(machine: Machine, record: Record) -> None:
    """No process of the pipeline works any more, at the latest after a minute."""
    left = machine.until_none("work", WAIT_S)
    record("processes_at_work", len(left), "processes", of="; ".join(one.command for one in left))
