"""Services that the system leans on: there, healthy, and without an incident of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.services import Services


@pytest.mark.procedure(
    "document-enhancer.components.observability-port",
    "document-enhancer.health-script.http-status",
    fault="gateway:errors",
)
def test_gateway_answers(services: Services, record: Record) -> None:
    """What listens on port 8080 answers its health route with 200; anything else is unhealthy, and its code is told."""
    answer = services("gateway").call("health")
    record("gateway_status", answer.status)
    assert answer.status == 200, f"gateway: UNHEALTHY: {answer.asked} answered {answer.status}, not 200"


@pytest.mark.procedure(
    "document-enhancer.health.basic", "document-enhancer.health-script.status-field", fault="gateway:degraded"
)
def test_gateway_is_healthy(services: Services) -> None:
    """It says that it is healthy."""
    health = services("gateway").health()
    assert health.healthy, health.reason


@pytest.mark.procedure("document-enhancer.health.basic", fault="gateway:down")
def test_gateway_health_is_of_now(services: Services, record: Record) -> None:
    """The time in its health is recent."""
    record("health_age", services("gateway").health_age(), "s")


@pytest.mark.procedure(
    "document-enhancer.health.detailed",
    "document-enhancer.weekly-maintenance.health-report",
    fault="gateway:not-ready",
)
def test_gateway_reaches_what_it_depends_on(services: Services, record: Record) -> None:
    """Every dependency that it lists is healthy."""
    ready = services("gateway").dependencies()
    record("unhealthy_dependencies", len(ready.unhealthy), "dependencies")
    assert ready.healthy, ready.reason


@pytest.mark.procedure("aegis-rag.health.jina-api", fault="jina:limited")
@pytest.mark.procedure("aegis-rag.health.jina-api", fault="jina:down")
@pytest.mark.procedure("aegis-rag.health.jina-api", fault="jina:slow=2")
def test_external_api_answers(services: Services, record: Record) -> None:
    """The external API answers its list of models with 200 in time; anything else, and no answer at all, is a warning.

    No answer has the status 0: it is a warning, too, and no reason to leave the check out.
    """
    tried = services.unproven("jina").tried("models")
    record("external_api_status", tried.status, of=tried.said)
    record("external_api_time", tried.took_s, "s")


@pytest.mark.procedure(
    "document-enhancer.components.llm-provider-status",
    "document-enhancer.api-errors.provider-status",
    fault="anthropic_status:incident",
)
def test_anthropic_reports_no_incident(services: Services) -> None:
    """No incident is open at Anthropic, the provider that is configured."""
    status = services("anthropic_status").health()
    assert status.healthy, status.reason


@pytest.mark.procedure(
    "document-enhancer.errors.provider-status",
    "document-enhancer.api-errors.provider-status",
    fault="openai_status:incident",
)
@pytest.mark.procedure("document-enhancer.errors.provider-status", fault="openai_status:major")
def test_openai_reports_no_incident(services: Services) -> None:
    """No incident is open at OpenAI."""
    status = services("openai_status").health()
    assert status.healthy, status.reason
