"""Who embeds the texts of a search: the model server, or a further service that the system embeds by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from pytest_llmops.errors import CallFailed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.target.load import Target

EMBED = "embed"
"""The route of a service by which it embeds one text, and the value of it that says by which model."""


class Embedder(Protocol):
    """Embeds texts."""

    model: str
    """By which model, with its digest where the server tells it; empty where nobody says."""

    def __call__(self, text: str) -> list[float]:
        """The vector of a text.

        Raises:
            CallFailed: none came.
        """
        ...


class ByModelServer:
    """The target's model server, by its ``embedding_model``.

    Args:
        client: of the server.

    Raises:
        Unsupported: the target names no embedding model.
    """

    def __init__(self, client: Llm) -> None:
        self._client = client
        self._name = client.embedding_model
        self.model = client.embedding_identity

    def __call__(self, text: str) -> list[float]:
        """The vector of a text."""
        return [float(one) for one in self._client.embed(text, model=self._name)]


class ByService:
    """A further service, by its route ``embed``.

    Args:
        client: of the service.
    """

    def __init__(self, client: Api) -> None:
        self._client = client
        body = client.route(EMBED).body or {}
        self.model = str(body.get("model", ""))

    def __call__(self, text: str) -> list[float]:
        """The vector of a text."""
        vector: Any = self._client.value(EMBED, prompt=text)
        if not isinstance(vector, list) or not vector or not all(isinstance(one, int | float) for one in vector):
            where = self._client.route(EMBED).answer
            said = f"{self._client.component}: its route {EMBED!r} answered without a vector at {where!r}."
            raise CallFailed(self._client.component, "bad-answer", said)
        return [float(one) for one in vector]


def embedder_of(target: Target, service: str, reach: Callable[[str], Client]) -> Embedder:
    """Who embeds.

    Args:
        target: the deployment.
        service: the further service that does; empty for the model server.
        reach: gives the client of a component, once preflight has passed.

    Raises:
        Unsupported: there is no model server, or the target names no embedding model of it.
    """
    if service:
        if service not in target.table.components.services:
            raise Unsupported(f"target {target.name} has no address of {service}, by which its texts are embedded.")
        return ByService(cast("Api", reach(service)))
    component = target.table.components.serving("llm")
    if component is None:
        raise Unsupported(
            f"target {target.name} has no model server, so nothing here can embed; a service that does is named as "
            f"embedder of the search."
        )
    return ByModelServer(cast("Llm", reach(component)))
