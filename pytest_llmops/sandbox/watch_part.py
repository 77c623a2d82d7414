"""The part ``watch``: Prometheus, the Alertmanager that it tells, and the Grafana that shows it, one port each."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_llmops.sandbox import prometheus_api
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.prometheus_api import stamp
from pytest_llmops.sandbox.scraping import Scraping
from pytest_llmops.sandbox.serving import ByPort, serve
from pytest_llmops.target.watchers import Grafana

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

    from starlette.requests import Request

    from pytest_llmops.promql import Active
    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.monitoring import Dashboard

RECEIVER = "on-call"


def run(stack: Stack, listeners: Mapping[str, socket]) -> None:
    """Serve until the process ends.

    Args:
        stack: what is watched.
        listeners: by name; the part's own says only that it is ready.
    """
    scraping = Scraping(stack)
    if "prometheus" in listeners:
        scraping.start()
    servers = {
        "prometheus": lambda: prometheus_api.app(stack, scraping),
        "alertmanager": lambda: Alertmanager(stack, scraping).application(),
        "grafana": lambda: Board(stack, answers="prometheus" in listeners).application(),
    }
    ports = {
        listener.getsockname()[1]: Door(servers.get(name, Starlette)(), AccessLog(stack.directory, name))
        for name, listener in listeners.items()
    }
    serve(ByPort(ports), *listeners.values())


class Alertmanager:
    """The alerts that Prometheus tells of, while it does."""

    def __init__(self, stack: Stack, scraping: Scraping) -> None:
        self._ready = "alertmanager:not-ready" not in stack.faults
        self._told = "prometheus:no-alertmanager" not in stack.faults
        self._scraping = scraping

    def application(self) -> Starlette:
        """The routes."""
        status = {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": f"route:\n  receiver: {RECEIVER}\nreceivers:\n- name: {RECEIVER}\n"},
            "uptime": stamp(1.0),
            "versionInfo": {"version": "0.27.0", "branch": "", "revision": "", "goVersion": ""},
        }

        async def told(_: Request) -> Response:
            return JSONResponse(status)

        async def receivers(_: Request) -> Response:
            return JSONResponse([{"name": RECEIVER}])

        async def silences(_: Request) -> Response:
            return JSONResponse([])

        return Starlette(
            routes=[
                Route("/-/ready", self._is_ready),
                Route("/api/v2/status", told),
                Route("/api/v2/receivers", receivers),
                Route("/api/v2/silences", silences),
                Route("/api/v2/alerts", self._alerts),
            ]
        )

    async def _is_ready(self, _: Request) -> Response:
        return PlainTextResponse("OK") if self._ready else PlainTextResponse("Service Unavailable", 503)

    async def _alerts(self, _: Request) -> Response:
        return JSONResponse([_received(alert) for alert in self._scraping.firing()] if self._told else [])


def _received(alert: Active) -> dict[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": {},
        "startsAt": stamp(alert.since),
        "endsAt": stamp(alert.since + 300),
        "updatedAt": stamp(alert.since),
        "fingerprint": sha256(repr(sorted(alert.labels.items())).encode()).hexdigest()[:16],
        "receivers": [{"name": RECEIVER}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "generatorURL": "",
    }


class Board:
    """Grafana with the profile's dashboards, for an anonymous visitor.

    Args:
        stack: whose dashboards these are.
        answers: whether Prometheus does.
    """

    def __init__(self, stack: Stack, *, answers: bool) -> None:
        config = stack.components.grafana or Grafana()
        self._boards = {board.uid: board for board in config.dashboards}
        if "grafana:no-dashboard" in stack.faults:
            self._boards = {}
        self._fewer = "grafana:row-gone" in stack.faults
        self._well = "grafana:database" not in stack.faults
        self._answers = answers

    def application(self) -> Starlette:
        """The routes."""
        return Starlette(
            routes=[
                Route("/api/health", self._health),
                Route("/api/search", self._search),
                Route("/api/dashboards/uid/{uid}", self._dashboard),
                Route("/api/datasources", self._sources),
                Route("/api/datasources/uid/{uid}/health", self._source),
            ]
        )

    async def _health(self, _: Request) -> Response:
        said = {"commit": "0000000", "database": "ok" if self._well else "failing", "version": "11.1.0"}
        return JSONResponse(said, 200 if self._well else 503)

    async def _search(self, request: Request) -> Response:
        words = request.query_params.get("query", "").lower()
        found = [board for board in self._boards.values() if words in board.title.lower()]
        return JSONResponse([{"uid": board.uid, "title": board.title, "type": "dash-db"} for board in found])

    async def _dashboard(self, request: Request) -> Response:
        board = self._boards.get(request.path_params["uid"])
        if board is None:
            return JSONResponse({"message": "Dashboard not found"}, 404)
        return JSONResponse({"meta": {"type": "db", "slug": board.uid}, "dashboard": _drawn(board, fewer=self._fewer)})

    async def _sources(self, _: Request) -> Response:
        return JSONResponse({"message": "You'll need additional permissions to perform this action."}, 403)

    async def _source(self, request: Request) -> Response:
        if request.path_params["uid"] != "prometheus":
            return JSONResponse({"message": "Data source not found"}, 404)
        if self._answers:
            return JSONResponse({"status": "OK", "message": "Successfully queried the Prometheus API."})
        return JSONResponse({"status": "ERROR", "message": "connection refused"}, 400)


def _drawn(board: Dashboard, *, fewer: bool) -> dict[str, Any]:
    panels: list[dict[str, Any]] = []
    for row in board.rows[:-1] if fewer else board.rows:
        panels.append({"type": "row", "title": row.title, "collapsed": False})
        panels += [
            {
                "type": "timeseries",
                "title": panel.title,
                "datasource": {"type": "prometheus", "uid": "prometheus"},
                "targets": [{"expr": query} for query in panel.queries],
            }
            for panel in row.panels
        ]
    return {"uid": board.uid, "title": board.title, "panels": panels}
