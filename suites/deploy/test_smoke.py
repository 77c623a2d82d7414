"""After a deploy: what has to work on any target, whatever its runbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload

pytestmark = [pytest.mark.generic, pytest.mark.after_changes]


@pytest.mark.procedure(fault="api:degraded")
def test_service_came_back_well(api: Api) -> None:
    """The service calls itself well."""
    health = api.health()
    assert health.healthy, health.reason


@pytest.mark.procedure(fault="vectors:not-ready")
def test_service_reaches_what_it_depends_on(api: Api) -> None:
    """Every dependency that the health body names is in an accepted state."""
    health = api.dependencies()
    assert not health.unhealthy, health.reason


@pytest.mark.procedure(fault="api:errors=1")
def test_service_answers(traffic: Traffic) -> None:
    """A question brings an answer that is not empty."""
    first = traffic.questions[0]
    assert first.reply.text.strip(), f"api: the answer to {first.prompt.text!r} is empty"


@pytest.mark.procedure(fault="llm:one-model")
def test_models_of_the_configuration_are_there(llm: Llm) -> None:
    """Every model that the target names is listed."""
    missing = llm.missing_models()
    assert not missing, f"{llm.http.component}: not listed: {', '.join(missing)}"


@pytest.mark.procedure(fault="vectors:empty")
def test_collection_was_not_lost(vectors: Vectors, record: Record) -> None:
    """The collection that answers come from still holds points."""
    points = vectors.collection().points
    record("collection_points", points, "points")
    assert points, f"{vectors.component}: the collection is empty"


@pytest.mark.procedure(fault="api:open")
def test_keys_are_still_asked_for(api: Api, prompts: Workload) -> None:
    """A request with a wrong key is refused."""
    api.refusal(prompts[0])
