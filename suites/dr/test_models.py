"""Models come back: what there is stands in writing, one is lost and has the same build again, all are in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmops.operate.model_backup import Inventory, inventory, missing_blobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.model_backup import ModelLoss
    from pytest_llmops.operate.model_memory import ModelsInMemory
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.procedure("voyageur.model-update.backup-model-list", fault="llm:no-models")
@pytest.mark.procedure("voyageur.model-update.backup-model-list", fault="llm:blob-gone")
def test_models_stand_in_writing(ollama: Ollama, documents: Documents, record: Record) -> None:
    """A dated document has every model with the digests of its manifest and of its files, and each file is there."""
    found = inventory(ollama)
    written = documents.read(documents.write("models.json", json.dumps(found.as_json(), indent=1)))
    record("models_backed_up", len(written["models"]), "models", of=", ".join(written["models"]))
    assert written["models"], "ollama: no model is installed, so none is backed up"
    without = [name for name, model in written["models"].items() if not model["digest"]]
    assert not without, f"ollama: {', '.join(without)} without a digest"
    differs = inventory(ollama).differs_from(Inventory.of(written))
    assert not differs, f"ollama: {'; '.join(differs)}, since the models were written down"
    lost = missing_blobs(ollama, found)
    assert not lost, f"ollama: {'; '.join(lost)}"


@pytest.mark.generic
@pytest.mark.needs("ollama")
@pytest.mark.procedure("voyageur.dr.scenario-b-model-corruption", fault="llm:answers-gone")
@pytest.mark.procedure("voyageur.dr.scenario-b-model-corruption", fault="llm:back-garbled")
@pytest.mark.procedure(fault="llm:wont-delete")
def test_lost_model_comes_back(
    model_loss: Callable[[], ModelLoss], ollama: Ollama, prompts: Workload, record: Record
) -> None:
    """Without its manifest a model says that it is not there; restored, it is the same build, and answers."""
    before, loss = inventory(ollama), model_loss()
    loss.take_away()
    refused = loss.refused(prompts[0])
    record("model_loss_noticed", refused.took_s, "s", of=refused.said)
    record("model_restore_time", loss.bring_back(prompts[0]), "s", of=loss.model)
    differs = inventory(ollama).differs_from(before)
    assert not differs, f"ollama: {'; '.join(differs)}, now that {loss.model} is restored"


@pytest.mark.generic
@pytest.mark.needs("ollama")
@pytest.mark.procedure("voyageur.dr.recovery-warm-cache", fault="llm:loads-nothing, llm:unloaded")
@pytest.mark.procedure("voyageur.dr.recovery-warm-cache", fault="llm:wont-start")
def test_models_are_in_memory_after_a_recovery(
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    models_in_memory: ModelsInMemory,
    record: Record,
) -> None:
    """Once the model server was started anew, each model that the target names can be loaded, and is in memory."""
    models_in_memory.hold()
    back = recovered("ollama", lambda: change.restart("ollama"))
    change.keep("ollama")
    record("recovery_time[ollama]", back.took_s, "s", of=back.seen)
    warmed = models_in_memory.warm_up()
    record("warm_up_time", sum(warmed.values()), "s", of=", ".join(warmed))
    models_in_memory.accept()
