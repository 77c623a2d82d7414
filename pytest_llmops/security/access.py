"""Who may use which route: every kind of key tried at every route, by calls that do nothing where they are let in."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.signing import WRONG
from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.target.templates import placeholders, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.service import Service
    from pytest_llmops.target.components import Api
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.routes import Route

NO_KEY, WRONG_KEY = "no key", "a wrong key"
"""Callers that nobody may be let in as; every other is a role."""

NOBODY = "llmops-nobody"
"""A user, a document, a level of detail that there is not."""

NO_NUMBER = "0"
"""The number of an analysis that there is not: a route that takes numbers knows no other word."""

REFUSED = frozenset({401, 403})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, whoever is let in."""
NO_ANSWER = frozenset({"refused", "timeout", "connection"})
"""Kinds of failure of a call that nobody answered."""
PAGES = {"ollama": "/api/tags", "openai": "/v1/models", "qdrant": "/collections", "ui": "/_stcore/host-config"}
"""What a component shows to whoever it lets in."""
TO_LOG_IN = re.compile(
    r"(?i)(?:login(?:page|form)?|signin|(?<![a-z])(?:log[-_]in|sign[-_]in|oauth|openid|oidc|saml|sso))(?![a-z])"
    r"|[?&](?:rd|redirect_uri|samlrequest)="
)
"""A redirect to a place of such a name, or that is told where to send back to, is how pages for people refuse."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One try: a kind of key at a route.

    Attributes:
        route: its name in the profile.
        asked: method and path.
        caller: ``no key``, ``a wrong key``, or a role.
        let_in: whether the profile says that it is let in.
        status: what was answered; 0 where nothing was; None where it was not tried, for being let in would have changed
            something.
        to_log_in: whether it was a redirect to a page for logging in, which refuses.
        exchange: the command that makes the call again; empty where none was made.
    """

    route: str
    asked: str
    caller: str
    let_in: bool
    status: int | None
    to_log_in: bool = False
    exchange: str = ""

    @property
    def weakness(self) -> str:
        """What is wrong about it, in a sentence without its full stop; empty where nothing is."""
        if self.status is None:
            return ""
        said = f"{self.asked} with {self.caller if self.caller in {NO_KEY, WRONG_KEY} else f'the key of {self.caller}'}"
        if not self.status:
            return f"{said} was not answered at all: the API is unreachable there, and neither lets in nor refuses"
        refused = self.to_log_in or self.status in REFUSED
        if self.let_in and refused:
            sent = ", a redirect to the log in" if self.to_log_in else ""
            return f"{said} answered {self.status}{sent}: who may is refused"
        if self.let_in:
            return f"{said} answered {self.status}" if self.status >= 500 else ""
        if refused:
            return ""
        how = "is let in" if self.status < 500 else "is not refused"
        return f"{said} answered {self.status}, not 401 or 403: it {how}"


@dataclass(frozen=True, slots=True)
class Matrix:
    """All tries at one API."""

    component: str
    cells: tuple[Cell, ...]

    @property
    def weaknesses(self) -> list[str]:
        """What is wrong, a sentence each; the command to try is that of the first.

        Raises:
            Vacuous: nothing is, but nobody was tried who has to be refused.
        """
        last_exchange.set(next((cell.exchange for cell in self.cells if cell.weakness), ""))
        found = self._found
        if not found and all(cell.let_in or cell.status is None for cell in self.cells):
            raise Vacuous(self._says_nothing)
        return found

    @property
    def _found(self) -> list[str]:
        return [found for cell in self.cells if (found := cell.weakness)]

    @property
    def _says_nothing(self) -> str:
        place = f"in llmops.toml, below components.{self.component}"
        if not self.cells:
            return (
                f"{self.component}: none of its routes is signed, so no key was tried at any; {place}.routes, write "
                f"those that ask for a key, without signed = false."
            )
        if left := list(dict.fromkeys(cell.asked for cell in self.cells if not cell.let_in)):
            return (
                f"{self.component}: nobody was tried who has to be refused, for whoever is let in at {', '.join(left)} "
                f"changes something; {place}.routes, write a further route that is signed, best a GET."
            )
        return (
            f"{self.component}: each key is let in wherever it was tried, so nothing shows that it may nothing else; "
            f"{place}, write further keys in auth.roles, and at each route in roles who may use it."
        )

    def of(self, *callers: str) -> Matrix:
        """The tries of some callers alone."""
        return Matrix(self.component, tuple(cell for cell in self.cells if cell.caller in callers))

    def of_roles(self) -> Matrix:
        """The tries with keys that are good for something."""
        return Matrix(self.component, tuple(c for c in self.cells if c.caller not in {NO_KEY, WRONG_KEY}))

    def document(self) -> str:
        """The whole of it for people, in Markdown."""
        callers = list(dict.fromkeys(cell.caller for cell in self.cells))
        rows: dict[str, dict[str, Cell]] = {}
        for cell in self.cells:
            rows.setdefault(f"{cell.route}: {cell.asked}", {})[cell.caller] = cell
        head = [f"# Who may use what of {self.component}", "", f"| route | {' | '.join(callers)} |"]
        lines = [*head, "|---" * (len(callers) + 1) + "|"]
        lines += [
            f"| {name} | {' | '.join(_shown(cells.get(caller)) for caller in callers)} |"
            for name, cells in rows.items()
        ]
        return "\n".join([*lines, "", *self._found]) + "\n"

    def as_json(self) -> dict[str, Any]:
        """As it is kept for other processes of the run."""
        return {"component": self.component, "cells": [asdict(cell) for cell in self.cells]}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Matrix:
        """What was kept."""
        return cls(kept["component"], tuple(Cell(**cell) for cell in kept["cells"]))


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    if cell.status is None:
        return "not tried"
    if not cell.status:
        return "no answer (!)"
    return f"{cell.status}{' (!)' if cell.weakness else ''}"


def tries(api: Api) -> list[tuple[str, str, bool]]:
    """What the matrix of an API tries: route, caller, and whether the profile says that it is let in."""
    found = []
    for name, route in api.routes.items():
        if api.auth is None or not route.signed:
            continue
        found += [(name, NO_KEY, False), (name, WRONG_KEY, False)]
        if route.roles is None:
            known = route.role if route.role in api.auth.roles else api.auth.role
            found.append((name, known, True))
        else:
            found += [(name, role, role in route.roles) for role in api.auth.named]
    return found


def access_calls(target: Target) -> dict[str, int]:
    """How many calls the matrix makes, once a run: ``component.method`` to calls; none without keys."""
    api = target.table.components.api
    if api is None or api.auth is None:
        return {}
    return {"api.call": sum(not _left_out(api.routes[name], let_in) for name, _, let_in in tries(api))}


def unkeyed_calls(target: Target) -> dict[str, int]:
    """How many calls each look at a target makes that is declared to ask for no key: ``component.method`` to calls."""
    api = target.table.components.api
    if (api is not None and api.auth is not None) or "access" not in target.table.security.lacks:
        return {}
    if api is None:
        return {f"{name}.call": 1 for name in target.table.components.configured() if name in PAGES}
    return {"api.call": sum(route.method == "GET" for route in api.routes.values())}


def matrix(service: Service, target: Target) -> Matrix:
    """Try every kind of key at every route.

    Each call is one that does nothing where it is let in: a GET of what there is not, a body that lacks all that it
    should hold. A route that would act all the same, for it takes no body, is tried only with keys that should be
    refused, and in the name of a user that there is not; where its path names none, not at all.

    Raises:
        Unsupported: the system is declared to ask for no key, and asks for none.
        CallFailed: it is declared so, and asks for one (kind ``untrue``); it asks for none, and is not
            (``not-refused``); it is too many calls (``throttled``); or two calls in a row were not answered.
    """
    api, component = service.config, service.component
    unless_lacking(target, component, "access", lambda: _asks(service))
    if api.auth is None:
        said = f"{component}: no route asks for a key; declare in security.lacks.access why, or give it auth."
        raise CallFailed(component, "not-refused", said)
    cells: list[Cell] = []
    for one in tries(api):
        cells.append(_tried(service, *one, silent=bool(cells) and cells[-1].status == 0))
    return Matrix(component, tuple(cells))


def _tried(service: Service, name: str, caller: str, let_in: bool, *, silent: bool) -> Cell:
    """One try; where the one before was not answered (``silent``), there is no use in going on without an answer."""
    route = service.route(name)
    asked = f"{route.method} {path_of_nothing(route)}"
    if _left_out(route, let_in):
        return Cell(name, asked, caller, let_in, None)
    try:
        answer = _asked(service, route, caller)
    except CallFailed as error:
        if silent or error.kind not in NO_ANSWER:
            raise
        return Cell(name, asked, caller, let_in, 0, exchange=last_exchange.get())
    if answer.status == 429:
        answer.ok()
    return Cell(name, asked, caller, let_in, answer.status, sent_to_log_in(answer), last_exchange.get())


def _left_out(route: Route, let_in: bool) -> bool:
    """Whether being let in would change something: a call that is whole without a body is not refused for lacking one.

    A key that should be refused may be let in all the same; then the path has to name what there is not.
    """
    if route.method in SAFE or route.body:
        return False
    return let_in or not any(placeholders({"path": route.path}))


def _asked(service: Service, route: Route, caller: str) -> Answer:
    auth = service.config.auth
    named = auth is not None and caller in auth.roles
    return service.http.call(
        route.method,
        path_of_nothing(route),
        body=None if route.body is None else {},
        query=render(route.params, nothing(route)) if route.method == "GET" or route.body is None else None,
        role=WRONG if caller == WRONG_KEY else caller if named else None,
        signed=caller != NO_KEY,
    )


def path_of_nothing(route: Route) -> str:
    """The path of a route, of what there is not."""
    return str(render(route.path, {name: quote(value, safe="") for name, value in nothing(route).items()}))


def nothing(route: Route) -> dict[str, str]:
    """Values for a route's placeholders that name nothing that there is."""
    words = {word for _, word in placeholders({"path": route.path, "params": route.params})}
    return {word: NO_NUMBER if word == "analysis" else NOBODY for word in words}


def sent_to_log_in(answer: Answer) -> bool:
    """Whether an answer is a redirect to a page for logging in, which is a refusal."""
    return 300 <= answer.status < 400 and TO_LOG_IN.search(answer.headers.get("location", "")) is not None


def _asks(service: Service) -> str:
    """Which route asks for a key, in words; empty where none does."""
    return next(_asking(service), "")


def _asking(service: Service) -> Iterator[str]:
    for route in service.config.routes.values():
        if route.method == "GET" and (answer := _asked(service, route, NO_KEY)).status in REFUSED:
            yield f"{answer.asked} without a key answered {answer.status}"
