"""Models: listed, the right ones, and able to generate."""

from __future__ import annotations

from itertools import islice
from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.openai import OpenAI
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.over_time import History
    from pytest_llmops.samples import Workload

FEW = 5


@pytest.mark.generic
@pytest.mark.procedure(
    "voyageur.incident.assess-ollama", "agent-aiops.daily-health.ollama-version", fault="llm:no-version"
)
@pytest.mark.procedure("voyageur.incident.assess-ollama", fault="llm:down")
def test_ollama_says_its_version(ollama: Ollama, record: Record) -> None:
    """GET /api/version answers 200 and names a version."""
    record("ollama_version_status", ollama.version_status())
    assert ollama.version(), "ollama: GET /api/version names no version"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.llm-issues.service-status", fault="llm:no-models")
@pytest.mark.procedure("aegis-rag.llm-issues.service-status", fault="llm:unlisted")
@pytest.mark.procedure("voyageur.morning-health.model-availability", fault="llm:one-model")
def test_enough_models(llm: Llm, record: Record) -> None:
    """As many models are listed as the target asks for."""
    record("model_count", len(llm.models()), "models")


@pytest.mark.generic
@pytest.mark.procedure(
    "agent-aiops.daily-health.model-availability", "aegis-rag.health.ollama-health", fault="llm:no-models"
)
def test_configured_models_are_listed(llm: Llm) -> None:
    """Every model that the target names is there."""
    missing = llm.missing_models()
    assert not missing, f"{llm.http.component}: not listed: {', '.join(missing)}"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.api-failure.check-dependencies", fault="llm:no-models")
@pytest.mark.procedure("aegis-rag.health.ollama-health", fault="llm:late-list=1.5")
@pytest.mark.procedure("aegis-rag.health.ollama-health", fault="llm:no-list")
def test_model_list_comes_in_time(llm: Llm, record: Record) -> None:
    """A list of models is answered, with 200, within the runbook's limit."""
    record("model_list_time", llm.list_time(), "s")


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.llm-issues.prevention-model-health", fault="llm:empty")
@pytest.mark.procedure("aegis-rag.llm-issues.prevention-model-health", fault="llm:garbled")
def test_every_model_generates(llm: Llm, prompts: Workload) -> None:
    """A fixed prompt brings a text that can be an answer from every configured model."""
    said = {model: llm.generate(prompts[0], model=model).implausible for model in llm.generating_models()}
    wrong = [f"{model} says {why}" for model, why in said.items() if why]
    assert not wrong, f"{llm.http.component}: to {prompts[0].text!r} {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.http-500.openrouter", fault="llm:errors=1")
def test_openai_api_generates(openai: OpenAI, prompts: Workload) -> None:
    """The OpenAI API brings a non-empty text."""
    assert not openai.generate(prompts[0]).silent, "openai: the answer is empty"


@pytest.mark.procedure("agent-aiops.capacity.model-storage", fault="llm:no-models")
def test_what_the_models_take(llm: Llm, record: Record) -> None:
    """What all models take on disk, every day, so that a month has enough of it to say where it goes."""
    record("model_storage", llm.stored_gb(), "GB")


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.models.performance-metrics", fault="llm:errors=1")
def test_generation_rate(llm: Llm, prompts: Workload, record: Record) -> None:
    """Tokens a second, by the server's own figure or else by the stream; and what loading the model took."""
    generation = llm.generate(prompts[0])
    rate, whose = generation.rate
    record("tokens_per_second", rate, "tokens/s", of=whose)
    if generation.stream.load_s is not None:
        record("model_load_time", generation.stream.load_s, "s")


@pytest.mark.procedure("agent-aiops.models.performance-metrics", fault="llm:slow=1.6")
def test_each_model_is_as_quick_as_usual(llm: Llm, prompts: Workload, history: History, record: Record) -> None:
    """Times and tokens a second of a few answers of every configured model, the rate beside that of earlier runs."""
    rates, untold = {}, []
    for model in llm.generating_models():
        answers = [llm.generate(prompt, model=model) for prompt in islice(prompts.rounds(), FEW)]
        told = [answer for answer in answers if answer.tokens_per_second and answer.stream.token_times_s]
        if not told:
            untold.append(f"No answer of {model} tells of tokens a second.")
            continue
        record.statistics(f"generation_time[{model}]", [answer.stream.token_times_s[-1] for answer in told], "s")
        rates[model] = [answer.rate[0] for answer in told]
        record.statistics(f"tokens_per_second[{model}]", rates[model], "tokens/s")
    with record.to_the_end():
        for model, now in rates.items():
            try:
                earlier = [one.value for one in history.values(f"tokens_per_second[{model}].mean")]
                record.shift(f"tokens_per_second[{model}]", earlier, fmean(now), "down")
            except Vacuous as error:
                untold.append(str(error))
        if untold:
            raise Vacuous(" ".join(untold))
