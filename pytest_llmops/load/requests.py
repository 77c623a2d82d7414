"""From a client, as tests have it, to what is asked of its component under load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.llm import Llm
from pytest_llmops.clients.service import Service
from pytest_llmops.clients.vectors import Vectors
from pytest_llmops.errors import ConfigError, Unsupported, did_you_mean
from pytest_llmops.load.plan import Request
from pytest_llmops.target.prompts import PromptText

if TYPE_CHECKING:
    from pytest_llmops.samples import Workload


def request_for(
    client: Any,
    prompts: Workload,
    *,
    route: str = "",
    embed: bool = False,
    into: str = "",
    name: str = "",
    weight: float = 1.0,
    **how: Any,
) -> Request:
    """What is asked of a component: a route of an API, an answer or an embedding, a search.

    Args:
        client: of the component; of the model server one more question may be asked here, which model it is.
        prompts: sent in turn.
        route: of an API: which; ``query`` by default.
        embed: of a model server: embeddings in place of answers.
        into: of a vector database: the scratch collection that points are written into; it is searched by default.
        name: what it is called in a mix; route or operation by default.
        weight: its share in a mix.
        how: further fields of `Request`: ``words``, ``model``, ``max_tokens``, ``stream``.

    Raises:
        Unsupported: the component has no such route, or is of a kind that load is not sent to.
        ConfigError: it has none of that name, and a similar one.
        CallFailed: a collection has no points to search by, or the model server does not say which model it has.
    """
    asked = tuple(PromptText(id=prompt.id, text=prompt.text, expect=prompt.expect) for prompt in prompts)
    common = {"component": client.component, "weight": weight, "prompts": asked, **how}
    if isinstance(client, Llm):
        operation = "embed" if embed else "generate"
        known = client.config.embedding_model if embed else client.config.model
        model = how.get("model") or known or client.timed_model.name
        return Request(**{**common, "name": name or operation, "operation": operation, "model": model})
    if isinstance(client, Vectors):
        stored = client.stored(prompts)
        vectors = tuple(tuple(stored[prompt.id]) for prompt in prompts)
        words = {"collection": into or client.own(), **how.get("words", {})}
        operation = "write" if into else "search"
        return Request(
            **{**common, "name": name or operation, "operation": operation, "vectors": vectors, "words": words}
        )
    if isinstance(client, Service):
        route = route or "query"
        _require(client, route)
        return Request(**{**common, "name": name or route, "operation": "route", "route": route})
    raise Unsupported(f"load is sent to an API, a model server or a vector database; {client!r} is none of them.")


def _require(client: Service, route: str) -> None:
    if route not in client.config.routes and (near := did_you_mean(route, client.config.routes)):
        raise ConfigError(f"{client.component}: its profile describes no route {route!r}.{near}")
    client.route(route)
