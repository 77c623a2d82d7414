"""Containers, pods and units: do the parts of the system run, what do they use, and what may they use?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported
from pytest_llmops.clients.containers import table

if TYPE_CHECKING:
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("voyageur.incident.assess-container", fault="containers:no-ollama")
@pytest.mark.procedure("aegis-rag.api-failure.pod-status", fault="containers:restarting")
@pytest.mark.procedure("agent-aiops.ollama-failure.service-status", fault="service_units:failed")
def test_parts_run(containers: Containers, record: Record) -> None:
    """Every part runs and is ready; how often it was started again is noted."""
    for part, found in containers.parts().items():
        states = ", ".join(f"{container.name} is {container.state}" for container in found)
        record(f"running_containers[{part}]", sum(container.running for container in found), "containers", of=states)
        record(f"restarts[{part}]", sum(container.restarts or 0 for container in found), "restarts")
        unwell = [f"{container.name} is {container.state}" for container in found if not container.ready]
        assert not unwell, f"{part}: {', '.join(unwell)}"


@pytest.mark.procedure("agent-aiops.ollama-failure.service-status", fault="service_units:disabled")
def test_units_are_started_with_the_machine(containers: Containers) -> None:
    """Every unit is enabled, so that it is there again after a restart of the machine."""
    found = [container for part in containers.parts().values() for container in part]
    asleep = [container.name for container in found if container.enabled is False]
    assert not asleep, f"not enabled: {', '.join(asleep)}"
    untold = [container.name for container in found if container.enabled is None]
    if untold:
        raise Unsupported(f"nothing says whether {', '.join(untold)} is started with the machine.")


@pytest.mark.procedure("voyageur.incident.diagnostics-resource-usage", fault="container_usage:partial")
@pytest.mark.procedure("voyageur.incident.diagnostics-resource-usage", fault="container_usage:no-io")
def test_usage_is_saved(containers: Containers, documents: Documents, record: Record) -> None:
    """CPU, memory and IO of every running container are read once and saved, a row each."""
    found = containers.usage()
    record("containers_measured", len(found), "containers")
    saved = documents.read(documents.write("container-usage.md", table(found)))
    lost = [one.name for one in found if f"| {one.name} |" not in saved]
    assert not lost, f"containers: the table lacks {', '.join(lost)}"
    silent = [one.name for one in found if not one.io_known]
    assert not silent, f"containers: nothing says what {', '.join(silent)} read and wrote, by network or disk"


@pytest.mark.procedure("aegis-rag.api-failure.resource-usage", fault="container_usage:full")
def test_the_memory_of_the_api_keeps_within_its_limits(containers: Containers, record: Record) -> None:
    """The memory of every container that the API runs in is read, and related to what it may use."""
    found = containers.usage("api")
    with record.to_the_end():
        for container in sorted(found, key=lambda one: not one.limit_bytes):  # one without a limit hides no other
            record(f"container_memory[{container.name}]", container.memory_pct, "%", of=container.name)


@pytest.mark.procedure("aegis-rag.api-failure.resource-usage", fault="container_usage:fails")
def test_the_processors_of_the_api_keep_within_their_limits(containers: Containers, record: Record) -> None:
    """The processor time of every container that the API runs in is read, and related to what it may use."""
    found = containers.usage("api")
    for container in found:
        record(f"container_cpu_used[{container.name}]", container.cpu_pct, "%", of="of one processor")
    with record.to_the_end():
        for container in sorted(found, key=lambda one: not one.limit_cpu_pct):
            record(f"container_cpu[{container.name}]", container.cpu_pct_of_limit, "%", of="of its limit")


@pytest.mark.procedure("aegis-rag.vector-issues.resources", fault="container_usage:full")
def test_the_vector_store_keeps_within_its_limits(containers: Containers, record: Record) -> None:
    """CPU and memory of every container that Qdrant runs in are read, and memory is related to what it may use."""
    found = containers.usage("qdrant")
    with record.to_the_end():
        for container in sorted(found, key=lambda one: not one.limit_bytes):
            record(f"container_cpu_used[{container.name}]", container.cpu_pct, "%", of="of one processor")
            record(f"container_memory[{container.name}]", container.memory_pct, "%", of=container.name)


@pytest.mark.procedure("aegis-rag.vector-issues.resources", fault="volume_usage:fails")
def test_the_size_of_the_vector_stores_volumes_is_known(containers: Containers, record: Record) -> None:
    """What lies in Qdrant's volumes is read."""
    for volume, size in containers.volumes("qdrant").items():
        record(f"volume_size[{volume}]", size, "B")


@pytest.mark.procedure("aegis-rag.memory-leaks.memory-limits", fault="container_details:unlimited")
def test_memory_is_limited(containers: Containers, record: Record) -> None:
    """Every container that runs has a memory limit."""
    running = [container for container in containers.all() if container.running]
    record("containers_running", len(running), "containers")
    assert running, f"{containers.component}: none of them runs, so none can be without a limit"
    unlimited = [container.name for container in running if not container.limit_bytes]
    assert not unlimited, f"containers without a memory limit: {', '.join(unlimited)}"


@pytest.mark.parametrize("part", ["api", "qdrant", "ollama"])
@pytest.mark.procedure("aegis-rag.memory-leaks.memory-limits", fault="prometheus:target-down")
def test_memory_is_monitored(containers: Containers, lint: Lint, record: Record, part: str) -> None:
    """Prometheus has a series now that tells how much memory the part holds, so that a leak is seen over time."""
    series = lint.memory_of(part, [container.name for container in containers.of(part)])
    record(f"memory_series[{part}]", len(series), "series", of=", ".join(series))
    assert series, f"prometheus: no series tells how much memory {part} holds; look whether its job is up"
