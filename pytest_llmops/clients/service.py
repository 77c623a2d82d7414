"""A service that is spoken to by the routes that its profile describes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError

from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.templates import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.http import Answer, Http
    from pytest_llmops.target.components import Api as ApiComponent
    from pytest_llmops.target.routes import Route


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a call whose failure is a finding, and ends nothing.

    Attributes:
        status: of the answer; 0 where no whole answer came.
        took_s: until the end of the answer, or until it was clear that none would come.
        said: in a sentence, without its full stop.
    """

    status: int
    took_s: float
    said: str


class Service(OverHttp):
    """A service with routes.

    Args:
        http: calls to it.
        config: the component's table.
    """

    def __init__(self, http: Http, config: ApiComponent) -> None:
        super().__init__(http)
        self.config = config

    def call(self, route: str, *, role: str | None = None, **values: Any) -> Answer:
        """Ask a route of the profile and return its answer, whatever its status.

        Args:
            route: its name in ``routes``.
            role: whose key signs it; the route's own role by default.
            values: what its templates ask for.

        Raises:
            Unsupported: this system has no such route.
            CallFailed: no whole answer came.
        """
        return self._ask(route, role, values)

    def tried(self, route: str, **values: Any) -> Tried:
        """Ask a route of the profile where it is to be told, and not to be raised, that nobody answers.

        Args:
            route: its name in ``routes``.
            values: what its templates ask for.

        Raises:
            Unsupported: this system has no such route.
        """
        start = time.perf_counter()
        try:
            answer = self._ask(route, None, values)
        except CallFailed as error:
            return Tried(0, time.perf_counter() - start, str(error).rstrip("."))
        return Tried(answer.status, answer.elapsed_s, f"{self.component}: {answer.asked} answered {answer.status}")

    def route(self, name: str) -> Route:
        """How a route is asked and read.

        Raises:
            Unsupported: this system has no such route.
        """
        if name not in self.config.routes:
            raise Unsupported(f"{self.component}: its profile describes no route {name!r}.")
        return self.config.routes[name]

    def _ask(self, route: str, role: str | None, values: Mapping[str, Any]) -> Answer:
        found = self.route(route)
        path = str(render(found.path, {name: quote(str(value), safe="") for name, value in values.items()}))
        return self.http.call(
            found.method,
            path,
            body=None if found.body is None else render(found.body, values),
            query=render(found.params, values),
            role=role or found.role,
            signed=found.signed,
            headers=found.headers,
        )

    def value(self, route: str, **values: Any) -> Any:
        """Ask a route of the profile, and look up what its ``answer`` points at.

        Args:
            route: its name in ``routes``.
            values: what its templates ask for.

        Raises:
            Unsupported: this system has no such route.
            CallFailed: a status other than 2xx, or a body that cannot be looked into (kind ``bad-answer``).
        """
        answer, path = self._ask(route, None, values).ok(), self.route(route).answer or "@"
        try:
            return jmespath.search(path, answer.json())
        except JMESPathError:
            said = f"{answer.asked} answered {answer.status} with a body in which {path!r} has no meaning"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.") from None
