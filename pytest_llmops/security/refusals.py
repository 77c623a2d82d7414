"""How the route that deletes a person's data answers who may not, or who does not say why; nobody is deleted by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_llmops.clients.signing import WRONG
from pytest_llmops.errors import Unsupported
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.security.person import Person
from pytest_llmops.target.templates import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.target.load import Target


@dataclass(frozen=True, slots=True)
class Refusals:
    """HTTP statuses.

    Attributes:
        no_key: of a request without a key.
        wrong_key: of one with a key that nobody has.
        lesser: of one with the key that other calls are signed with; None where that is the key that may delete.
        no_body: of one with the right key, without the body that the route has; None where it has none.
    """

    no_key: int
    wrong_key: int
    lesser: int | None
    no_body: int | None

    @property
    def said(self) -> str:
        """All of them, in words."""
        told = {
            "without a key": self.no_key,
            "with a wrong key": self.wrong_key,
            "with the plain key": self.lesser,
            "without its body": self.no_body,
        }
        return ", ".join(f"{status} {how}" for how, status in told.items() if status is not None)


def described(target: Target) -> str:
    """That a route is described that deletes, in words; empty where none is."""
    part = target.table.components.api
    return f"{part.routes['delete'].path} is described as the route delete" if part and "delete" in part.routes else ""


def refusals(target: Target, client: Callable[[], Api]) -> Refusals:
    """Ask the route to delete a user that nobody is, in each of the ways that it has to refuse.

    Args:
        target: of whose data.
        client: the client of its API, once that answers.

    Raises:
        Unsupported: the target deletes nobody's data, or is configured without keys.
        CallFailed: no whole answer came; or it is declared to delete nobody's data, and a route is described that does.
    """
    unless_lacking(target, "api", "deletion", lambda: described(target))
    api = client()
    route, auth = api.route("delete"), api.config.auth
    if auth is None:
        raise Unsupported(f"{api.component}: the target is configured without keys.")
    nobody = Person.anew().user
    path = str(render(route.path, {"user": quote(nobody, safe=""), "document": ""}))
    body = None if route.body is None else render(route.body, {"user": nobody, "document": ""})

    def status(*, role: str | None = None, signed: bool = True, whole: bool = True) -> int:
        return api.http.call(route.method, path, body=body if whole else None, role=role, signed=signed).status

    own = auth.roles.get(route.role or "", auth.variable)
    return Refusals(
        no_key=status(signed=False),
        wrong_key=status(role=WRONG),
        lesser=status() if own != auth.variable else None,
        no_body=status(role=route.role, whole=False) if body else None,
    )
