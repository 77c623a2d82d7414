"""What every client can do, and how one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

Level = tuple[str, "Callable[[], object]"]
"""A level of preflight: its name, and the step that proves it."""


class Client(Protocol):
    """A component, as preflight and the sampling loop see it."""

    @property
    def component(self) -> str:
        """Its name in the target."""
        ...

    @property
    def address(self) -> str:
        """Where it is, without secrets."""
        ...

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """What has to be proved, in order, before the component counts as there.

        Args:
            deadline_s: for the first real token.
            facts: filled with what the server says of itself (server, model, digest, quantisation).
        """
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


def connect(target: Target, component: str, ledger: Ledger) -> Client:
    """The client of a configured component; nothing is sent yet."""
    from pytest_llmops.clients.http import Http

    parts = target.table.components
    if component == "redis":
        from pytest_llmops.clients.redis import Redis

        return Redis(target, component, ledger)
    http = Http(target, component, ledger)
    if component == "api" and parts.api:
        from pytest_llmops.clients.api import Api

        return Api(http, parts.api)
    if component == "ollama" and parts.ollama:
        from pytest_llmops.clients.ollama import Ollama

        return Ollama(http, parts.ollama)
    if component == "openai" and parts.openai:
        from pytest_llmops.clients.openai import OpenAI

        return OpenAI(http, parts.openai)
    if component == "qdrant" and parts.qdrant:
        from pytest_llmops.clients.vectors import Vectors

        return Vectors(http, parts.qdrant)
    raise AssertionError(f"no client for {component}")
