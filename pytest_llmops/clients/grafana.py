"""Grafana's HTTP API: is it well, which dashboards has it, and do their sources answer?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmops.clients.dashboards import Dashboard, Source
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed, Unsupported, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Http
    from pytest_llmops.target.watchers import Grafana as GrafanaComponent

Read = TypeVar("Read")


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

    def search(self, words: str = "") -> dict[str, str]:
        """The dashboards that we may see, title by uid.

        Args:
            words: of the title; all if not given.
        """
        asked = {"type": "dash-db", **({"query": words} if words else {})}
        return self._read("search", lambda found: {str(one["uid"]): str(one["title"]) for one in found}, asked)

    def dashboard(self, uid: str) -> Dashboard:
        """One dashboard, row by row.

        Raises:
            CallFailed: there is none of that uid (kind ``http-404``), or we may not see it.
        """
        return self._read(f"dashboards/uid/{uid}", Dashboard.of)

    def expected(self) -> list[Dashboard]:
        """The dashboards that the profile describes, as Grafana has them now.

        Raises:
            Unsupported: it describes none.
            CallFailed: one of them is not there (kind ``http-404``).
        """
        if not self.config.dashboards:
            raise Unsupported(f"{self.component}: its profile describes no dashboard.")
        return [self.dashboard(table.uid) for table in self.config.dashboards]

    def lacks(self, board: Dashboard) -> list[str]:
        """Rows and panels of a dashboard that the profile describes and that are not there, by title."""
        table = next((one for one in self.config.dashboards if one.uid == board.uid), None)
        rows = {row.title: {panel.title for panel in row.panels} for row in board.rows}
        said = []
        for row in table.rows if table else []:
            if row.title not in rows:
                said.append(f"row {row.title}")
                continue
            said += [f"panel {panel.title}" for panel in row.panels if panel.title not in rows[row.title]]
        return said

    def sources(self) -> list[Source]:
        """Where panels get their numbers from.

        Raises:
            CallFailed: an anonymous visitor may not ask that (kind ``http-401`` or ``http-403``).
        """
        return self._read("datasources", lambda found: [Source(one["uid"], one["name"], one["type"]) for one in found])

    def source_health(self, uid: str) -> str:
        """What Grafana says of a source after asking it: ``OK`` or ``ERROR``."""
        answer = self.http.call("GET", f"/api/datasources/uid/{uid}/health")
        found = (answer if answer.status == 400 and answer.is_json else answer.ok()).table()  # an ERROR is a 400
        return str(found.get("status", ""))

    def _read(self, route: str, read: Callable[[Any], Read], asked: Mapping[str, str] | None = None) -> Read:
        answer = self.http.call("GET", f"/api/{route}", query=asked).ok()
        try:
            return read(answer.json())
        except (AttributeError, KeyError, TypeError):
            said = f"{answer.asked} answered something else than Grafana's API: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.") from None

    def _database_ok(self) -> None:
        database = self.health().database
        if database != "ok":
            raise CallFailed(self.component, "unhealthy", f"{self.component}: its database is {database!r}.")
