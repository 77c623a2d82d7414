"""More questions than the model server answers at a time: they wait, and are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.recording import Record

FEW, ALONE = 3, 8


@pytest.mark.needs("ollama")
@pytest.mark.procedure("aegis-rag.llm-issues.prevention-request-queue", fault="llm:no-queue")
@pytest.mark.procedure("aegis-rag.llm-issues.prevention-request-queue", fault="llm:slots=100")
def test_who_comes_too_many_waits(load_run: LoadRun, ollama: Ollama, app_command: AppCommands, record: Record) -> None:
    """A few more at once than all instances have slots: every one is answered, the later ones after a wait."""
    slots = app_command.json("ollama_slots")["slots"]
    record("ollama_slots", slots, "slots")
    alone = load_run("generation_alone", ollama, concurrency=1, calls=ALONE)
    result = load_run("generation_queued", ollama, concurrency=slots + FEW, calls=slots + FEW)
    assert not result.error_rate, f"ollama: of {result.calls} at once {result.error_rate:.0%} were not answered"
    late = result.waited(alone)
    record("generation_waited", late, "answers")
    assert late, (
        f"ollama: it has {slots} slots, and nobody of {result.calls} waited: it answers more at a time than it says"
    )
