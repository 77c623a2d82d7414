"""The machine: processors, memory, disks, GPUs, and the application's processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.plugin.recording import Record

pytestmark = pytest.mark.needs("machine")

LOOKS = 4
EVERY_S = 5.0
"""What ps counts in whole seconds is told to a tenth within some fifteen of them."""


@pytest.mark.generic
@pytest.mark.procedure(
    "document-enhancer.metrics.cpu-usage",
    "agent-aiops.alerts.cpu",
    "agent-aiops.daily-health.cpu-usage",
    fault="machine:busy",
)
def test_cpu_usage(record: Record) -> None:
    """The processors are not too busy, or not for long."""
    record.figure("cpu_usage")


@pytest.mark.generic
@pytest.mark.procedure(
    "document-enhancer.metrics.memory-usage",
    "agent-aiops.alerts.memory",
    "agent-aiops.daily-health.memory-usage",
    fault="machine:starved",
)
def test_memory_usage(record: Record) -> None:
    """There is memory left."""
    record.figure("memory_usage")


@pytest.mark.generic
@pytest.mark.procedure("document-enhancer.metrics.disk-space", fault="machine:full")
def test_disk_used(record: Record) -> None:
    """The disk is not too full."""
    record.figure("disk_used")


@pytest.mark.procedure("agent-aiops.alerts.disk-free", "agent-aiops.daily-health.disk-space", fault="machine:full")
def test_disk_free(record: Record) -> None:
    """There is room on the disk."""
    record.figure("disk_free")


@pytest.mark.procedure("aegis-rag.kpi-vector.disk-usage", fault="machine:full")
def test_vector_disk(record: Record) -> None:
    """There is room on the volume of the vector store."""
    record.figure("vector_disk_used")


@pytest.mark.procedure("document-enhancer.commands.outputs-disk", fault="machine:down")
def test_outputs_disk(machine: Machine, record: Record) -> None:
    """How much of the volume that holds the outputs is used, and how much is free."""
    space = machine.disk("outputs")
    record("outputs_disk_used", space.used_pct, "%")
    record("outputs_disk_free", space.free_bytes, "B")


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.key-metrics.resource-usage", fault="machine:down")
def test_resource_usage(machine: Machine, record: Record) -> None:
    """What is in use of processors, memory, swap and every disk is recorded."""
    usage = machine.usage()
    record("machine_cpu", usage.cpu_pct, "%")
    record("machine_memory", usage.memory_pct, "%")
    record("machine_swap", usage.swap_pct, "%")
    record("machine_load", usage.load)
    for space in machine.disks():
        record(f"machine_disk[{space.mount}]", space.used_pct, "%")


@pytest.mark.procedure("aegis-rag.kpi-llm.gpu-memory", fault="gpus:full")
def test_gpu_memory(record: Record) -> None:
    """There is GPU memory left."""
    record.figure("gpu_memory")


@pytest.mark.procedure("aegis-rag.kpi-llm.gpu-utilisation", fault="gpus:busy")
def test_gpu_utilisation(record: Record) -> None:
    """The GPU is not overloaded, or not for long."""
    record.figure("gpu_utilisation")


@pytest.mark.procedure("aegis-rag.kpi-llm.gpu-utilisation", fault="gpus:idle")
def test_gpu_does_the_work(record: Record) -> None:
    """While the model generates the GPU is busy; else the model runs on the processor."""
    record.figure("gpu_utilisation_at_work")


@pytest.mark.after_changes
@pytest.mark.procedure(
    "document-enhancer.status.process-running",
    "document-enhancer.weekly-maintenance.health-report",
    "document-enhancer.health.basic",
    "document-enhancer.deploy-verify.health",
    "document-enhancer.down.verify-recovery",
    "document-enhancer.post-maintenance.health",
    fault="process_list:none",
)
def test_the_service_runs(record: Record) -> None:
    """There is a process of the service: the health route is another's, and says nothing of it."""
    record.figure("service_processes")


@pytest.mark.procedure("document-enhancer.status.process-resources", fault="process_list:none")
@pytest.mark.procedure("document-enhancer.status.process-resources", fault="process_list:spinning")
@pytest.mark.procedure("document-enhancer.status.process-resources", fault="process_list:restarting")
def test_what_each_process_uses(machine: Machine, record: Record) -> None:
    """Processor and memory of each process of the service, and of each script of the pipeline at work."""
    for use in machine.sampled("service", "work", looks=LOOKS, every_s=EVERY_S):
        record(f"process_cpu[{use.label}]", use.cpu_mean_pct, "%", of=use.who)
        record(f"process_memory[{use.label}]", use.memory_max_mb, "MB", of=use.who)
