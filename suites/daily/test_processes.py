"""Processes of the application: whose they are, since when, and what they use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.plugin.measuring import Record
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
def test_live_resources(machine: Machine, record: Record) -> None:
    """Processor and memory of the service, looked at every five seconds: mean and maximum."""
    seen = machine.sampled("service", looks=LOOKS, every_s=EVERY_S)
    record("service_cpu.mean", seen.cpu_mean_pct, "%")
    record("service_cpu.max", seen.cpu_max_pct, "%")
    record("service_memory.mean", seen.memory_mean_mb, "MB")
    record("service_memory.max", seen.memory_max_mb, "MB")
