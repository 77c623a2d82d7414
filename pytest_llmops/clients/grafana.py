"""Grafana's HTTP API: is it well?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed, excerpt

if TYPE_CHECKING:
    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Http
    from pytest_llmops.target.components import Grafana as GrafanaComponent


@dataclass(frozen=True, slots=True)
class GrafanaHealth:
    """What ``/api/health`` says.

    Attributes:
        database: the state of its own database: ``ok`` or ``failing``.
        version, commit: of the server; empty where it hides them from anonymous visitors.
        elapsed_s: how long the route took.
    """

    database: str
    version: str
    commit: str
    elapsed_s: float


class Grafana(OverHttp):
    """A Grafana server.

    Args:
        http: calls to it.
        config: the component's table.
    """

    def __init__(self, http: Http, config: GrafanaComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable, its database is ok: without that it shows no dashboard."""
        return [("reachable", lambda: facts.update(server=self.version())), ("database ok", self._database_ok)]

    def health(self) -> GrafanaHealth:
        """Ask ``/api/health``, which needs no key. A failing database is an answer (503), not an exception.

        Raises:
            CallFailed: no answer of Grafana's came.
        """
        answer = self.http.call("GET", "/api/health")
        found = (answer if answer.status == 503 and answer.is_json else answer.ok()).table()
        if "database" not in found:
            said = f"{answer.asked} names no database, so this is no Grafana: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.")
        version, commit = (str(found.get(key, "")) for key in ("version", "commit"))
        return GrafanaHealth(str(found["database"]), version, commit, answer.elapsed_s)

    def version(self) -> str:
        """The server's version; empty where it hides it."""
        return self.health().version

    def _database_ok(self) -> None:
        database = self.health().database
        if database != "ok":
            raise CallFailed(self.component, "unhealthy", f"{self.component}: its database is {database!r}.")
