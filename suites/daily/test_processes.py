"""Processes of the application: whose they are, since when, and what they use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents

LOOKS = 4
EVERY_S = 5.0


@pytest.mark.procedure("document-enhancer.status.process-details", fault="process_list:none")
def test_process_details(machine: Machine, record: Record, documents: Documents) -> None:
    """User, start and command line of every process of the service, and of each script of the pipeline at work."""
    service, work = machine.running("service"), machine.processes("work")
    record("service_processes", len(service), "processes")
    record("work_processes", len(work), "processes")
    assert documents.read(documents.write("processes.md", "\n".join(f"- {one}" for one in (*service, *work))))


@pytest.mark.procedure("document-enhancer.commands.live-resources", fault="process_list:none")
@pytest.mark.procedure("document-enhancer.commands.live-resources", fault="process_list:spinning")
def test_live_resources(machine: Machine, record: Record) -> None:
    """Processor and memory of the service and of scripts at work, looked at every five seconds: mean and maximum."""
    for use in machine.sampled("service", "work", looks=LOOKS, every_s=EVERY_S):
        record(f"process_cpu[{use.label}].mean", use.cpu_mean_pct, "%", of=use.who)
        record(f"process_cpu_most[{use.label}]", use.cpu_max_pct, "%", of=use.who)
        record(f"process_memory[{use.label}].mean", use.memory_mean_mb, "MB", of=use.who)
        record(f"process_memory_most[{use.label}]", use.memory_max_mb, "MB", of=use.who)
