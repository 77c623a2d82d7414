"""Containers, pods and units: do the parts of the system run, what do they use, and what may they use?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.clients.containers import table

if TYPE_CHECKING:
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.plugin.measuring import Record
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
    for part, found in containers.parts().items():
        asleep = [container.name for container in found if container.enabled is False]
        assert not asleep, f"{part}: not enabled: {', '.join(asleep)}"


@pytest.mark.procedure("voyageur.incident.diagnostics-resource-usage", fault="container_usage:partial")
def test_usage_is_saved(containers: Containers, documents: Documents, record: Record) -> None:
    """CPU and memory of every running container are read once and saved, a row each."""
    found = containers.usage()
    record("containers_measured", len(found), "containers")
    assert documents.read(documents.write("container-usage.md", table(found)))


def keeps_within_its_limits(containers: Containers, record: Record, part: str) -> None:
    """CPU and memory of what a part runs in, each related to what it may use."""
    for container in containers.usage(part):
        share, of_what = container.cpu_share
        record(f"container_cpu[{part}]", share, "%", of=of_what)
        record(f"container_memory[{part}]", container.memory_pct, "%", of=container.name)


@pytest.mark.procedure("aegis-rag.api-failure.resource-usage", fault="container_usage:full")
def test_the_api_keeps_within_its_limits(containers: Containers, record: Record) -> None:
    """CPU and memory of what the API runs in are read, and related to what it may use."""
    keeps_within_its_limits(containers, record, "api")


@pytest.mark.procedure("aegis-rag.vector-issues.resources", fault="container_usage:full")
def test_the_vector_store_keeps_within_its_limits(containers: Containers, record: Record) -> None:
    """CPU and memory of what Qdrant runs in are read, and related to what it may use."""
    keeps_within_its_limits(containers, record, "qdrant")


@pytest.mark.procedure("aegis-rag.vector-issues.resources", fault="volume_usage:fails")
def test_the_size_of_the_vector_stores_volumes_is_known(containers: Containers, record: Record) -> None:
    """What lies in Qdrant's volumes is read."""
    for volume, size in containers.volumes("qdrant").items():
        record(f"volume_size[{volume}]", size, "B")


@pytest.mark.procedure("aegis-rag.memory-leaks.memory-limits", fault="container_details:unlimited")
def test_memory_is_limited_and_measured(containers: Containers, record: Record) -> None:
    """Every container that runs has a memory limit, and its memory is measured."""
    unlimited = [container.name for container in containers.all() if container.running and not container.limit_bytes]
    assert not unlimited, f"containers without a memory limit: {', '.join(unlimited)}"
    record("containers_measured", len(containers.usage()), "containers")
