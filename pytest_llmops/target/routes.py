"""What an API's routes and health look like: data that clients carry out and the sandbox serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pytest_llmops.errors import did_you_mean
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import JmesPath, Table, Timezone
from pytest_llmops.target.templates import placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED_WITH: dict[str, frozenset[str]] = {
    "query": frozenset({"prompt", "user", "fresh"}),
    "ingest": frozenset({"document", "text", "title", "user"}),
    "delete": frozenset({"user", "document"}),
    "deletion": frozenset({"deletion", "user"}),
    "audit": frozenset(),
    "health": frozenset(),
    "login": frozenset({"user", "password"}),
    "analyses": frozenset(),
    "explain": frozenset({"analysis", "level", "language", "fresh"}),
}
"""What the routes that every system may have are asked with; a route of another name takes any word."""


class Route(Table):
    """One route of an HTTP API: how to ask, and where the parts of the answer are (JMESPath)."""

    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"] = "GET"
    path: str = Field(description="Below the component's url; may hold placeholders such as {user}.")
    body: dict[str, Any] | None = Field(None, description="JSON template; {prompt} and others are filled in.")
    params: dict[str, Any] = Field({}, description="Query parameters, filled in the same way.")
    headers: dict[str, str] = Field(
        {}, description="Headers that it is sent with, none of them secret: { anthropic-version = '2023-06-01' }."
    )
    role: str | None = Field(None, description="Which of auth.roles signs it.")
    roles: list[str] | None = Field(
        None, description="Roles whose keys are let in, auth.role for the plain key; all others get 401 or 403."
    )
    signed: bool = Field(True, description="false: it is open to all, and asked without a key.")
    answer: JmesPath | None = Field(None, description="JMESPath to the answer.")
    sources: JmesPath | None = Field(None, description="JMESPath to the list of source ids.")
    texts: JmesPath | None = Field(
        None, description="JMESPath to the texts of these sources, whole ones: what the answer has to rest on."
    )
    blocked: JmesPath | None = Field(
        None, description="JMESPath, true where the answer is a block; no 401, 404, 405, 408, 429 or 5xx is one."
    )
    values: dict[str, JmesPath] = Field({}, description="Further parts of the answer by name, each a JMESPath.")
    events: JmesPath | None = Field(None, description="JMESPath to a list of {at, type} for an audit route.")
    unable: str = Field(
        "", description="Why a question that is asked here cannot be answered, though the runbook asks it so; verified."
    )


class Accepted(Table):
    """Where a dependency's state stands in the health body, and which values are good."""

    path: JmesPath = Field(description="JMESPath.")
    accept: list[Any] = Field(min_length=1)


class Health(Table):
    """When an API is healthy: status AND accepted body values AND its dependencies."""

    route: str = "health"
    status: list[int] = [200]
    accept: dict[JmesPath, list[Any]] = Field({}, description="JMESPath to the values that are good.")
    dependencies: dict[str, Accepted] = {}
    timestamp: JmesPath | None = Field(None, description="JMESPath to the time of the answer (epoch or ISO 8601).")
    settles: Seconds = Field(60.0, gt=0, description="How long after a start it may take to become healthy.")


class OwnAlerts(Table):
    """What the entries of a service's own list of alerts say (route ``alerts``), and which of them are active."""

    title: JmesPath = Field("title", description="JMESPath to what an entry is called.")
    says: JmesPath = Field("message", description="JMESPath to what it says.")
    at: JmesPath = Field("timestamp", description="JMESPath to the time at which it was noted (epoch or ISO 8601).")
    timezone: Timezone = Field("UTC", description="Of times without one, e.g. 'America/Vancouver'.")
    again: Seconds = Field(
        gt=0, description="Within this time an alert that goes on is noted again; one that was not is over."
    )


def misplaced(name: str, route: Route) -> Iterator[str]:
    """What is wrong with the placeholders of a well-known route: its place, and the nearest right word."""
    known = ASKED_WITH.get(name)
    if known is None:
        return
    said = f"known there: {', '.join(f'{{{word}}}' for word in sorted(known))}" if known else "it is asked with none"
    for place, word in placeholders({"path": route.path, "body": route.body, "params": route.params}, name):
        if word not in known and (word.islower() or word.lower() in known):  # {Prompt} would be sent as it stands
            yield f"{place} asks for {{{word}}}; {said}.{did_you_mean(word.lower(), known)}"
