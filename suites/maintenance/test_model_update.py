"""Model updates: both builds are asked in turns, and the old one is back unless the new one is as good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous
from pytest_llmops.clients.generation import bare

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.model_update import ModelUpdate
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.needs("ollama")
@pytest.mark.procedure(
    "voyageur.model-update.pull-model",
    "voyageur.maintenance.model-updates",
    "agent-aiops.models.update-model",
    "agent-aiops.maintenance.models-and-dependencies",
    "aegis-rag.model-update.pull",
    fault="llm:update-slower=1.5",
)
@pytest.mark.procedure(
    "voyageur.model-update.pull-model",
    "agent-aiops.models.update-model",
    "aegis-rag.model-update.pull",
    fault="llm:update-fails",
)
def test_model_is_updated(
    model_update: Callable[[], ModelUpdate], measure: Measure, record: Record, prompts: Workload
) -> None:
    """The new build is there, answers what it is asked, and is not slower than the one before."""
    update = model_update()
    update.hold()
    pulled = update.pull()
    record("model_pull_duration", pulled.took_s, "s", of=f"{update.successor}: {pulled.after[:12]}")
    if not pulled.changed:
        raise Vacuous(f"ollama: no newer build of {update.successor} is there to be pulled, so none is compared.")
    wrong = update.implausible(prompts)
    assert not wrong, f"the new build of {update.successor} answers {wrong}"
    measure(
        "model_update",
        update.after,
        lambda llm, prompt: llm.generate(prompt),
        prompts=prompts,
        against=update.before,
    )
    update.accept()


@pytest.mark.needs("ollama")
@pytest.mark.procedure(
    "voyageur.model-update.pre-update-benchmark",
    "voyageur.model-update.post-update-benchmark",
    "voyageur.model-update.compare-performance",
    fault="llm:update-slower=1.5",
)
@pytest.mark.procedure("voyageur.model-update.post-update-benchmark", fault="llm:update-fails")
def test_summaries_take_no_longer_after_the_update(
    model_update: Callable[[], ModelUpdate], measure: Measure, prompts: Workload
) -> None:
    """A rehearsal: whole summaries of both builds, in turns; what each took is recorded, a fifth more is too much."""
    update = model_update()
    update.hold()
    pulled = update.pull()
    if not pulled.changed:
        raise Vacuous(f"ollama: {update.model} is the newest build already, so there is nothing to compare it with.")
    measure(
        "summary_after_update",
        update.after,
        lambda llm, prompt: llm.generate(prompt, detail="summary", stream=False),
        prompts=prompts,
        against=update.before,
    )


@pytest.mark.procedure("aegis-rag.model-update.update-config", fault="api_model:refused")
@pytest.mark.procedure("aegis-rag.model-update.restart-api", fault="api:other-model")
@pytest.mark.procedure("aegis-rag.model-update.restart-api", fault="api:wont-start")
@pytest.mark.procedure("aegis-rag.model-update.cleanup-old", fault="llm:wont-delete")
@pytest.mark.procedure("aegis-rag.model-update.rollback", fault="api_model:once")
def test_api_is_switched_to_another_model_and_back(
    model_update: Callable[..., ModelUpdate],
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    api: Api,
    ollama: Ollama,
    prompts: Workload,
    measure: Measure,
    record: Record,
) -> None:
    """A rehearsal: the service answers with the successor, without the old model, and then with the old one again."""
    update = model_update(successor=ollama.successor)
    before = api.answerer(ollama, prompts[0])
    update.hold()
    pulled = update.pull()
    record("model_pull_duration", pulled.took_s, "s", of=f"{update.successor}: {pulled.after[:12]}")
    wrong = update.implausible(prompts)
    assert not wrong, f"{update.successor} answers {wrong}"
    measure(
        "model_switch",
        update.after,
        lambda llm, prompt: llm.generate(prompt),
        prompts=prompts,
        against=update.before,
    )
    was = change.status("api_model").kept["value"]
    change.set("api_model", value=update.successor)
    back = recovered("api", lambda: change.restart("api"))
    record("model_switch_time", back.took_s, "s", of=back.seen)
    after = api.answerer(ollama, prompts[0])
    assert after.model == bare(update.successor), (
        f"api: {after.model} answers after the switch to {update.successor}: {after.seen}"
    )
    update.retire()
    assert update.model not in {bare(one.name) for one in ollama.models()}, f"ollama: {update.model} is still there"
    without = api.answerer(ollama, prompts[0])
    assert without.model == after.model, f"api: {without.model} answers without {update.model}: {without.seen}"
    back = recovered("api", change.undo)
    record("model_switch_taken_back", back.took_s, "s", of=back.seen)
    told = change.status("api_model").kept["value"]
    assert told == was, f"api_model: it is {told} once the switch is taken back, and was {was} before it"
    again = api.answerer(ollama, prompts[0])
    assert again.model == before.model, (
        f"api: {again.model} answers once the switch is taken back, and {before.model} did before it: {again.seen}"
    )
