"""After maintenance, a deploy or another model: the service settles and does its work again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.clients.generation import bare

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

pytestmark = pytest.mark.after_changes

ROOM = 512
"""Tokens for an answer to Hello: a model that reasons first has to come to its end."""


@pytest.mark.generic
@pytest.mark.procedure("voyageur.maintenance.post-service-verification", fault="api:degraded")
def test_service_settles(api: Api, record: Record) -> None:
    """The service is healthy within the time that it is given to come up."""
    record("settling_time", api.until_healthy(), "s")


@pytest.mark.procedure(
    "document-enhancer.post-maintenance.health",
    "document-enhancer.deploy-verify.health",
    "document-enhancer.down.verify-recovery",
    fault="gateway:degraded",
)
def test_gateway_settles(services: Callable[[str], Api], record: Record) -> None:
    """The gateway is healthy within the time that it is given to come up."""
    record("settling_time[gateway]", services("gateway").until_healthy(), "s")


@pytest.mark.procedure(
    "voyageur.maintenance.post-functional", "voyageur.dr.validate-full-recovery", fault="api:errors=1"
)
@pytest.mark.procedure("voyageur.maintenance.post-functional", "voyageur.dr.validate-full-recovery", fault="llm:down")
def test_stored_analysis_is_explained(api: Api, record: Record) -> None:
    """A summary of the newest stored analysis is generated anew, end to end, by a model and not from a template."""
    explained = api.explain(level="summary")
    assert explained.text.strip(), "api: the explanation is empty"
    model = str(explained.values.get("model"))
    assert not model.endswith("_fallback"), f"api: a template explained the analysis ({model}), not a model"
    record("explanation_time", explained.elapsed_s, "s")


def answers_a_greeting(llm: Llm) -> None:
    """The model that is in use answers Hello with a text, not with reasoning alone."""
    answer = llm.generate("Hello", stream=False, max_tokens=ROOM)
    came = f"reasoning alone within {ROOM} tokens" if answer.reasoned else "nothing"
    assert answer.text.strip(), (
        f"{llm.http.component}: {answer.model} answered Hello with {came}; ask it by hand, and look whether it is the "
        "model that was meant."
    )


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.model-update.test-model", fault="llm:thinks")
def test_model_answers_a_greeting(llm: Llm) -> None:
    """The model that is in use, the new one after an update, answers Hello with a text, not with reasoning alone."""
    answers_a_greeting(llm)


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.model-update.verify-new", fault="llm:thinks")
@pytest.mark.procedure("aegis-rag.model-update.verify-new", fault="api:errors=1")
def test_model_and_service_answer(api: Api, llm: Llm, prompts: Workload) -> None:
    """Once the service has settled, the model answers a greeting of its own, and the service a question."""
    api.until_healthy()
    answers_a_greeting(llm)
    assert api.query(prompts[0]).text.strip(), f"api: the answer to {prompts[0].text!r} is empty"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.model-update.verify-new", fault="api:other-model")
def test_service_answers_with_the_model(api: Api, llm: Llm, prompts: Workload) -> None:
    """The service, given time to settle, answers with the model that is in use, not with the one before it."""
    api.until_healthy()
    asked, answerer = llm.timed_model.name, api.answerer(llm, prompts[0])
    assert answerer.model == bare(asked), (
        f"api: {answerer.model} answered, not {asked}: {answerer.seen}; look whether the API was told of the new model "
        "and was started again."
    )
