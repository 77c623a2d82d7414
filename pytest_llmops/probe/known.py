"""The real systems that have a profile, recognised by what no other service has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.probe.proposal import Found
from pytest_llmops.probe.servers import own

if TYPE_CHECKING:
    from pytest_llmops.probe.asking import Asker
    from pytest_llmops.probe.openapi import Document

PATHS = {
    "enterprise-pipeline": {"/api/v1/query", "/api/v1/feedback/stats"},
    "document-enhancer": {"/llm-providers", "/taxonomy-files"},
    "aegis-rag-compose": {"/chat", "/chat/stream", "/v1/chat/completions"},
}
"""Paths of its schema that only this system has together."""

VOYAGEUR = "/api/v1/analytics/health/metrics/"
"""A route of voyageur that asks for no key, and that its limit does not count."""


def profile(asker: Asker, document: Document | None) -> str:
    """The profile of a real system that answers at an address; empty for any other service.

    Of aegis-rag there are two variants: GET /info is answered by one of them alone.
    """
    if document is None:
        return "voyageur" if "metrics_enabled" in asker.table(VOYAGEUR) else ""
    paths = {operation.path for operation in document.operations()}
    if "/info" in paths and "/chat" in paths:
        configured = asker.table("/info").get("configuration")
        return "aegis-rag" if isinstance(configured, dict) and "collection_name" in configured else ""
    return next((name for name, known in PATHS.items() if known <= paths), "")


def found(asker: Asker, name: str, document: Document | None) -> Found:
    """Such a system as a component: its address, and its profile for the rest."""
    notes = (
        f"Its routes, health, limits and keys are those of the profile {name}; what you write here goes before them.",
    )
    says = ", ".join(part for part in (document.title if document else "", f"known as {name}") if part)
    return Found("api", asker.url, says, (own(asker, [], None, notes),), profile=name)
