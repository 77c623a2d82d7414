"""Monthly: which models are installed, and whether newer builds of them are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.clients.generation import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.generic
@pytest.mark.procedure("voyageur.model-update.audit-models", fault="llm:no-models")
def test_installed_models_are_listed(ollama: Ollama, record: Record, documents: Documents) -> None:
    """Every installed model is recorded with its size and the digest of its build, and stands in a document."""
    models = ollama.models()
    record("models_installed", len(models), "models")
    assert models, "ollama: no model is installed"
    assert documents.read(documents.write("installed-models.md", table(models)))
    for model in models:
        assert model.digest, f"ollama: {model.name} has no digest"
        record(f"model_size[{model.name}]", model.gigabytes, "GB", of=model.identity)


@pytest.mark.procedure("voyageur.model-update.check-updates", fault="registry:gone")
def test_newer_builds_are_found_without_pulling(ollama: Ollama, services: Callable[[str], Api], record: Record) -> None:
    """Every model's build is compared with the one that its registry publishes, and none is changed by that."""
    before = ollama.models()
    newer = ollama.outdated(services("registry"))
    record("model_updates", len(newer), "models", of=", ".join(newer))
    assert ollama.models() == before, "ollama: the installed models changed while they were only looked at"
