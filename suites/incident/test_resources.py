"""Something is slow or down: is there room, memory, a process, a listener, a way to the others?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported
from pytest_llmops.clients.garbage import garbage
from pytest_llmops.clients.processes import report

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History

LARGEST = 20


@pytest.mark.procedure("document-enhancer.down.process-status", fault="process_list:none")
def test_a_process_of_the_service_is_there(record: Record) -> None:
    """A process of the service runs."""
    record.figure("service_processes")


@pytest.mark.procedure("document-enhancer.down.disk-space", fault="machine:full")
def test_no_disk_is_full(machine: Machine, record: Record) -> None:
    """No file system is above the critical limit, the one of the outputs included."""
    for space in machine.disks():
        record(f"disk_used[{space.mount}]", space.used_pct, "%")


@pytest.mark.procedure("document-enhancer.disk-full.verify-space", fault="machine:full")
def test_there_is_room_again(record: Record) -> None:
    """The disk of the outputs is below the limits."""
    record.figure("disk_used")


@pytest.mark.procedure("document-enhancer.disk-full.verify-space", fault="machine:full")
def test_there_is_more_room_than_before(machine: Machine, history: History, record: Record) -> None:
    """The disk of the outputs is less full than when it was found beyond its limits, within the last week."""
    before, now = history.peak("outputs_disk_used", beyond="disk_used"), machine.disk("outputs").used_pct
    record("outputs_disk_used", now, "%", of=f"before the clean-up it was {before.value:.4g} %")
    assert now < before.value, (
        f"machine: the disk of the outputs is {now:.4g} % full, no less than the {before.value:.4g} % that it was "
        "before the clean-up"
    )


@pytest.mark.procedure("document-enhancer.down.memory", fault="machine:starved")
def test_memory_is_left(machine: Machine, record: Record) -> None:
    """Memory usage is below the critical limit."""
    record("memory_usage[down]", machine.usage().memory_pct, "%")


@pytest.mark.procedure("document-enhancer.disk-full.usage", fault="outputs:missing")
def test_what_takes_the_room(machine: Machine, files: Files, record: Record, documents: Documents) -> None:
    """How full the disk is, and the 20 largest files and folders among the outputs."""
    record("outputs_disk_used", machine.disk("outputs").used_pct, "%")
    largest = files.found("outputs").largest_entries(LARGEST)
    record("outputs_listed", len(largest), "entries")
    written = documents.write("largest-outputs.md", "\n".join(f"- {name}: {size} B" for name, size in largest))
    assert len(documents.read(written).splitlines()) == len(largest), "the document lacks some of the largest outputs"


@pytest.mark.procedure("agent-aiops.ollama-failure.port", fault="listener_list:none")
@pytest.mark.procedure("agent-aiops.ollama-failure.port", fault="listener_list:other")
def test_ollama_listens(machine: Machine) -> None:
    """Somebody listens on Ollama's port, and it is Ollama."""
    listeners = machine.listening("ollama_server")
    assert listeners, "machine: nobody listens on the port of ollama"
    others = [one.program for one in listeners if one.program not in {"", "ollama"}]
    assert not others, f"machine: on the port of ollama listens {', '.join(others)}"
    if not all(one.program for one in listeners):
        raise Unsupported(
            "machine: somebody listens on the port of ollama; which program, only its own user or root sees."
        )


@pytest.mark.procedure("agent-aiops.ollama-failure.disk-space", fault="machine:full")
def test_room_for_models(record: Record) -> None:
    """There is room on the volume of the models."""
    record.figure("model_disk_free")


@pytest.mark.procedure("agent-aiops.resource-failure.resources", fault="process_list:fails")
@pytest.mark.procedure("agent-aiops.resource-failure.resources", fault="machine:down")
def test_who_uses_what(machine: Machine, record: Record, documents: Documents) -> None:
    """Processors, memory and swap in use, and the busiest and the largest processes, as a document."""
    usage = machine.usage()
    record("machine_cpu", usage.cpu_pct, "%")
    record("machine_memory", usage.memory_pct, "%")
    record("machine_swap", usage.swap_pct, "%")
    found = machine.all_processes()
    record("processes_running", len(found), "processes")
    assert documents.read(documents.write("busiest-processes.md", report(found, LARGEST)))


@pytest.mark.procedure("aegis-rag.high-latency.cpu-memory", fault="api:no-metrics")
def test_cpu_and_memory_of_the_api(record: Record) -> None:
    """What the API's process takes of one processor while it answers, and what it holds in memory."""
    record.figure("api_process_cpu")
    record.figure("resident_memory")


@pytest.mark.procedure("aegis-rag.high-latency.cpu-memory", fault="machine:busy")
def test_cpu_and_memory_of_its_machine(record: Record) -> None:
    """The processors and the memory that the API shares with the others of its machine."""
    record.figure("cpu_usage")
    record.figure("memory_usage")


@pytest.mark.procedure("aegis-rag.high-latency.network", fault="vectors:down")
def test_ways_to_the_components(machine: Machine, record: Record) -> None:
    """Every component can be connected to from here, each time; how long that takes is recorded."""
    for name, way in machine.ways().items():
        assert not way.lost_pct, f"{name}: {way.lost_pct:g} % of the connections {way.ends} came to nothing"
        record(f"connect_time[{name}]", way.connect_s or 0.0, "s", of=way.ends)


@pytest.mark.procedure("aegis-rag.high-latency.network", fault="api_ways:lossy")
@pytest.mark.procedure("aegis-rag.high-latency.network", fault="api_ways:cut")
def test_ways_from_the_api(app_command: AppCommands, record: Record) -> None:
    """From where the API runs, what it leans on can be connected to, each time; how long that takes is recorded."""
    for name, way in app_command.json("api_ways").items():
        assert not way["lost_pct"], f"{name}: {way['lost_pct']:g} % of the connections from the API came to nothing"
        record(f"connect_time[api-{name}]", way["connect_s"], "s", of="from the API")


@pytest.mark.procedure("aegis-rag.llm-issues.gpu-usage", fault="gpus:full")
@pytest.mark.procedure("aegis-rag.llm-issues.gpu-usage", fault="gpus:two-full")
def test_gpus(machine: Machine, record: Record) -> None:
    """Memory and utilisation of every GPU of the model server."""
    found = machine.gpus()
    with record.to_the_end():
        for number, gpu in enumerate(found):
            record(f"gpu_memory[{number}]", gpu.memory_pct, "%", of=gpu.name)
            record(f"gpu_busy[{number}]", gpu.busy_pct, "%")


@pytest.mark.procedure("aegis-rag.memory-leaks.gc-logs", fault="api:no-metrics")
def test_garbage_collection(api: Api, record: Record, documents: Documents) -> None:
    """How often the API collected garbage, and what it could not collect; by generation, as a document."""
    record.figure("gc_collections")
    record.figure("gc_uncollectable")
    documents.write("garbage-collection.md", garbage(api.metrics()))


@pytest.mark.procedure("aegis-rag.memory-leaks.open-connections", fault="api:no-metrics")
@pytest.mark.procedure("aegis-rag.memory-leaks.open-connections", fault="api:leaks=0.5")
def test_open_files_are_stable(traffic: Traffic, record: Record) -> None:
    """Files and sockets that the API holds open are counted after each of many questions, and do not rise with them."""
    record.figure("open_files")
    record.rise("open_files", traffic.one_by_one(rounds=2))
