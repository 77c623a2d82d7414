"""Models, week by week: how long each length of answer takes, and what it is worth to have them warm."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported, Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.operate.model_memory import ModelsInMemory
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.over_time import History
    from pytest_llmops.samples import Workload
    from pytest_llmops.target.load import Target

ROUNDS = 5
FEW = 5


@pytest.mark.procedure("voyageur.monday-health.model-performance-by-detail-level", fault="llm:slow=1.6")
@pytest.mark.parametrize("level", ["summary", "standard", "detailed"])
def test_model_performance(measure: Measure, llm: Llm, prompts: Workload, level: str) -> None:
    """A whole answer at each detail level, compared with the baseline of that level."""
    measure(
        "model_performance",
        llm,
        lambda llm, prompt: llm.generate(prompt, detail=level, stream=False),
        prompts=prompts,
    )


@pytest.mark.needs("ollama")
@pytest.mark.procedure("voyageur.wednesday-performance.warm-up-effectiveness", fault="llm:stays-loaded")
def test_what_a_warm_up_is_worth(models_in_memory: ModelsInMemory, prompts: Workload, record: Record) -> None:
    """Calls of a model that had left the memory, the same calls again, and how many times as long a cold one takes."""
    turns = models_in_memory.warmth(prompts, ROUNDS)
    record.statistics("generation_cold", turns.cold, "s")
    record.statistics("generation_warm", turns.warm, "s")
    if turns.loading:
        record.statistics("generation_loading", turns.loading, "s")
    record("model_warm_up_gain", turns.gain, "times")
    models_in_memory.accept()


@pytest.mark.procedure("agent-aiops.optimisation.model-parameters", fault="llm:errors=0.5")
@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.0}, {"temperature": 0.7, "top_p": 0.9}, {"temperature": 0.0, "num_ctx": 8192}],
    ids=["as-it-is", "warmer", "wider"],
)
def test_other_parameters(
    ollama: Ollama, llmops_target: Target, prompts: Workload, record: Record, options: dict[str, float]
) -> None:
    """What answers take, and how many are right, with other parameters; on a test instance, and a person chooses."""
    if llmops_target.table.environment == "production":
        raise Unsupported(f"target {llmops_target.name} is production: other parameters are tried on a test instance.")
    tuned, asked = ollama.tuned(**options), sorted(prompts, key=lambda prompt: not prompt.expect)[:FEW]
    said = ", ".join(f"{name} {value:g}" for name, value in options.items())
    answers = {prompt: tuned.generate(prompt) for prompt in asked}
    times = [answer.stream.token_times_s[-1] for answer in answers.values() if answer.stream.token_times_s]
    record.statistics(f"answer_time[{said}]", times, "s")
    known = prompts.known[:FEW]
    right = [prompt for prompt in known if prompt.expect.lower() in answers[prompt].text.lower()]
    record(f"answers_right[{said}]", len(right), "answers", of=f"of {len(known)}")


@pytest.mark.procedure("agent-aiops.rag-tool.embedding-performance", fault="rag_embedding:slow")
@pytest.mark.procedure("agent-aiops.rag-tool.embedding-performance", fault="rag_embedding:fails")
def test_embedding_of_the_documents(app_command: AppCommands, history: History, record: Record) -> None:
    """How long the RAG tool's model takes a chunk of all documents, several times, beside what earlier runs took."""
    told = app_command.json("rag_embedding")
    record("rag_chunks", told["chunks"], "chunks")
    if not told["chunks"]:
        raise Vacuous("rag_embedding found no document to embed, so nothing was timed.")
    record.statistics("rag_embedding_time", told["seconds"], "s", of=f"of {told['chunks']} chunks each")
    each = [seconds / told["chunks"] for seconds in told["seconds"]]  # there are other documents than a month ago
    record.statistics("rag_chunk_time", each, "s")
    earlier = [one.value for one in history.values("rag_chunk_time.mean")]
    record.shift("rag_chunk_time", earlier, fmean(each))
