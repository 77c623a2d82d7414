"""Whether one user is given what was answered to another: the answer cache, which a question of its own shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.target.templates import placeholders

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.target.components import Api as Table
    from pytest_llmops.target.load import Target

CALLS = 3
"""The question, the same again, and another user's."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What came of the same question of two users.

    Attributes:
        again: whether the first user was answered out of the cache the second time.
        other: whether the other user was, who had never asked it.
    """

    again: bool
    other: bool


def isolation(api: Api, target: Target) -> Isolation:
    """Ask a question twice in one user's name and once in another's, neither of whom anybody else is.

    Raises:
        Unsupported: the system is declared to know no tenants; its route takes no user, or tells of no cache.
        Vacuous: what was answered is not kept, so nobody could be given it.
        CallFailed: no answer came.
    """
    unless_lacking(target, api.component, "tenants", lambda: _told_apart(api.config))
    route = api.route("query")
    if not _told_apart(api.config):
        raise Unsupported(f"{api.component}: its route 'query' takes no {{user}}, or names no value 'cached'.")
    run = uuid4().hex
    question = f"Which number is {run[:6]}?"
    one, other = f"llmops-{run}-a", f"llmops-{run}-b"
    api.query(question, user=one, fresh=False)
    again = api.query(question, user=one, fresh=False)
    if again.values.get("cached") is not True:
        raise Vacuous(f"{api.component}: {route.path} keeps no answer, so none can be given to another user.")
    return Isolation(again=True, other=api.query(question, user=other, fresh=False).values.get("cached") is True)


def isolation_calls(target: Target) -> dict[str, int]:
    """How many calls it takes: ``component.method`` to calls; none where nothing tells users apart."""
    api = target.table.components.api
    return {"api.query": CALLS} if api is not None and _told_apart(api) else {}


def _told_apart(api: Table) -> str:
    """What tells users apart, in words; empty where nothing does, or nobody could see it."""
    route = api.routes.get("query")
    if route is None or "cached" not in route.values:
        return ""
    words = {word for _, word in placeholders({"body": route.body, "params": route.params, "path": route.path})}
    return "its route 'query' takes {user} and says what comes from the cache" if {"user", "fresh"} <= words else ""
