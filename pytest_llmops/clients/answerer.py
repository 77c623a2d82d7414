"""By which model a service answers: what its answer says, else which model of the model server was asked meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients.generation import bare
from pytest_llmops.clients.ollama import Ollama
from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.samples import Prompt

MODEL = "model"
"""Among the values of a route: the model that answered."""

QUIET_S = 1.0
"""For so long before the question nobody may ask a model; after the answer the server is given as long to tell."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """The model that answered.

    Attributes:
        model: its name, without ``:latest``.
        seen: by what that is known; a sentence's end.
    """

    model: str
    seen: str


def answerer(api: Api, llm: Llm, prompt: Prompt | str) -> Answerer:
    """Ask a service a question, and see which model answers it.

    An answer that names no model, or the same one whatever answers, tells nothing: the route has no value ``model``
    then. With each request Ollama puts off when the model that is asked leaves its memory, and GET /api/ps says when:
    the one model for which that is another time after the answer was asked. Nothing is unloaded for it.

    Args:
        api: the service.
        llm: the model server that it asks.
        prompt: the question.

    Raises:
        Vacuous: it is not seen: the answer names none, and the server tells no times, others ask it, or nobody did.
        CallFailed: the service does not answer.
    """
    if MODEL in api.route("query").values:
        named = api.query(prompt).values.get(MODEL)
        if named is None:
            raise Vacuous(
                f"{api.component}: its answer does not say by which model it is, so which answered is unseen."
            )
        return Answerer(bare(str(named)), "its answer says so")
    unseen = f"{api.component}: its answers do not say by which model they are"
    if not isinstance(llm, Ollama):
        raise Vacuous(f"{unseen}, and {llm.component} does not tell which it was asked for.")
    before = _leaving(llm, unseen)
    time.sleep(QUIET_S)
    if others := _asked(before, before := _leaving(llm, unseen)):
        raise Vacuous(f"{unseen}, and others ask {llm.component} ({', '.join(others)}): see when nobody else does.")
    api.query(prompt)
    time.sleep(QUIET_S)
    asked = [name for name in _asked(before, _leaving(llm, unseen)) if name != bare(llm.config.embedding_model or "")]
    if not asked:
        raise Vacuous(
            f"{unseen}, and no model of {llm.component} was asked meanwhile: a kept answer, or another server."
        )
    if len(asked) > 1:
        raise Vacuous(
            f"{unseen}, and of {llm.component} {' and '.join(asked)} were asked meanwhile: see when nobody else asks, "
            "and name the one that makes vectors as its embedding_model."
        )
    seen = (
        f"of {llm.component} it alone was asked meanwhile, and none was seen to be asked for {spoken(QUIET_S)} before"
    )
    return Answerer(asked[0], seen)


def _leaving(llm: Ollama, unseen: str) -> dict[str, str]:
    """When each model in memory is to leave it, as the server writes it.

    Raises:
        Vacuous: it does not say.
    """
    try:
        held = llm.held()
    except CallFailed as error:
        raise Vacuous(f"{unseen}, and what {llm.component} has in memory is not seen: {error}") from error
    if silent := [one.name for one in held if not one.leaves]:
        raise Vacuous(f"{unseen}, and {llm.component} does not say when {', '.join(silent)} is to leave its memory.")
    return {bare(one.name): one.leaves for one in held}


def _asked(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The models that were asked between two looks: they came, or leave at another time."""
    return [name for name, leaves in after.items() if before.get(name) != leaves]
