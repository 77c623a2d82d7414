"""What the target uses while load is on it: its machine, and the memory of its service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.recording import Record


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure(fault="machine:busy")
@pytest.mark.procedure(fault="machine:starved")
def test_machine_has_room_under_load(load_run: LoadRun) -> None:
    """Processors and memory of the machine while questions come in."""
    load_run("queries_watched", workload="rag", shape="steady", beside=["cpu_usage", "memory_usage"])


@pytest.mark.generic
@pytest.mark.needs("api")
@pytest.mark.procedure("aegis-rag.memory-leaks.memory-pattern", fault="api:hoards")
@pytest.mark.procedure("aegis-rag.memory-leaks.memory-pattern", fault="api:no-metrics")
def test_memory_does_not_rise_under_load(load_run: LoadRun) -> None:
    """The service's memory while questions come in for long: its slope, beyond doubt."""
    load_run("queries_soaked", workload="rag", shape="soak", beside=["resident_memory"])


@pytest.mark.procedure("agent-aiops.resource-failure.memory-leak", fault="process_list:bloats")
@pytest.mark.procedure("agent-aiops.resource-failure.memory-leak", fault="app_log:exhausted")
@pytest.mark.procedure("agent-aiops.resource-failure.memory-leak", fault="app_log:on-device")
def test_memory_of_the_page_does_not_rise(load_run: LoadRun, ollama: Ollama, record: Record) -> None:
    """The memory of the page's process, and of Ollama's, while Ollama answers at a constant rate; nobody ran out."""
    load_run("generation_soaked", ollama, shape="soak", beside=["page_memory", "ollama_memory"])
    record.figure("out_of_memory")


@pytest.mark.procedure("voyageur.monday-health.resource-utilisation", fault="machine:busy")
@pytest.mark.procedure("voyageur.monday-health.resource-utilisation", fault="machine:starved")
@pytest.mark.procedure("voyageur.monday-health.resource-utilisation", fault="llm:slow=60")
def test_answering_leaves_room(load_run: LoadRun, ollama: Ollama) -> None:
    """Processors and memory of the machine, and latency, while its models answer, two questions at a time.

    They are asked themselves: the service hands out what they wrote before, for some minutes even where it is to be
    written anew, and that is no load.
    """
    watched = ["cpu_usage", "memory_usage"]
    load_run("answers_watched", ollama, stream=False, concurrency=2, calls=12, beside=watched)
