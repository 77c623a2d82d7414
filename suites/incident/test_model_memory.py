"""Model server: memory is cleared and models are loaded anew, where it holds what it should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.operate.model_memory import ModelsInMemory
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.needs("ollama")
@pytest.mark.procedure("aegis-rag.llm-issues.clear-gpu-memory", fault="llm:stays-loaded")
@pytest.mark.procedure("aegis-rag.llm-issues.clear-gpu-memory", fault="llm:keeps-gpu")
def test_gpu_memory_is_cleared(models_in_memory: ModelsInMemory, figures: Figures, record: Record) -> None:
    """Every model leaves the memory: by the server's account, and by that of the GPU."""
    cleared = models_in_memory.clear(lambda: figures.read("gpu_memory").value)
    record("gpu_memory_of_models", cleared.vram_after, "B", of=f"{cleared.vram_before} B before, of {cleared.names}")
    assert cleared.vram_after < cleared.vram_before, (
        f"ollama: its models take {cleared.vram_after} B of GPU memory, no less than before they were unloaded"
    )
    record("gpu_memory_after_clearing", cleared.gpu_after, "%", of=f"{cleared.gpu_before:.4g} % before")
    assert cleared.gpu_after < cleared.gpu_before, (
        f"machine: {cleared.gpu_after:.4g} % of the GPU's memory is in use, no less than before the models left it; "
        "see who holds it: nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv"
    )
    models_in_memory.accept()


@pytest.mark.needs("ollama")
@pytest.mark.procedure(
    "aegis-rag.llm-issues.model-reload", "aegis-rag.kpi-llm.model-load-time", fault="llm:stays-loaded"
)
@pytest.mark.procedure("aegis-rag.llm-issues.model-reload", "aegis-rag.kpi-llm.model-load-time", fault="llm:cold=1")
@pytest.mark.procedure("aegis-rag.llm-issues.model-reload", fault="llm:reload-wrong")
def test_model_is_loaded_anew(models_in_memory: ModelsInMemory, prompts: Workload, record: Record) -> None:
    """The model leaves the memory, comes back in time, and answers what it should, and as well as before."""
    before = models_in_memory.answers(prompts)
    record("model_load_time", models_in_memory.reload(), "s")
    after = models_in_memory.answers(prompts)
    worse = after.worse_than(before)
    assert not worse, f"ollama: the model that was loaded again answers {worse}"
    models_in_memory.accept()
    if not after.right:  # nor before: the words that are expected may stand in documents alone
        known = ", ".join(prompt.id for prompt in prompts.known)
        raise Vacuous(f"ollama: asked by itself, the model knows none of {known}, so that it is right cannot be seen.")
