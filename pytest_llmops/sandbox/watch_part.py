"""What watches the stack: Prometheus, the Alertmanager that it tells, and the Grafana that shows it, a process each."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_llmops.sandbox import prometheus_api
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.prometheus_api import moment, stamp
from pytest_llmops.sandbox.scraping import Scraping
from pytest_llmops.sandbox.serving import serve
from pytest_llmops.target.watchers import Grafana

if TYPE_CHECKING:
    from starlette.requests import Request

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.monitoring import Dashboard

RECEIVER = "on-call"
_ASK_S = 2.0


def run(stack: Stack, name: str, opening: Opening) -> None:
    """Serve until the process ends.

    Args:
        stack: what is watched.
        name: which of the three.
        opening: where it serves.
    """
    if name == "prometheus":
        scraping = Scraping(stack)
        scraping.start()
        app = prometheus_api.app(stack, scraping)
    else:
        app = (Alertmanager if name == "alertmanager" else Board)(stack).application()
    serve(Door(app, AccessLog(stack.directory, name)), opening)


class Watched:
    """The stack's Prometheus, as the others ask it; they have none where the stack has none."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.addresses.get("prometheus", "")
        self._http = httpx.AsyncClient(trust_env=False, timeout=_ASK_S)

    async def ready(self) -> bool:
        """Whether it answers."""
        return await self._asked("/-/ready") is not None

    async def firing(self) -> list[dict[str, Any]]:
        """Its alerts that fire; none where it does not answer."""
        answer = await self._asked("/api/v1/alerts")
        alerts = answer.json()["data"]["alerts"] if answer else []
        return [alert for alert in alerts if alert["state"] == "firing"]

    async def _asked(self, path: str) -> httpx.Response | None:
        if not self._url:
            return None
        try:
            answer = await self._http.get(f"{self._url}{path}")
        except httpx.HTTPError:
            return None
        return answer if answer.status_code == 200 else None


class Alertmanager:
    """The alerts that Prometheus tells of, while it does."""

    def __init__(self, stack: Stack) -> None:
        self._ready = "alertmanager:not-ready" not in stack.faults
        self._told = "prometheus:no-alertmanager" not in stack.faults
        self._prometheus = Watched(stack)

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
        return JSONResponse([_received(alert) for alert in await self._prometheus.firing()] if self._told else [])


def _received(alert: dict[str, Any]) -> dict[str, Any]:
    return {
        "labels": alert["labels"],
        "annotations": {},
        "startsAt": alert["activeAt"],
        "endsAt": stamp(moment(alert["activeAt"]) + 300),
        "updatedAt": alert["activeAt"],
        "fingerprint": sha256(repr(sorted(alert["labels"].items())).encode()).hexdigest()[:16],
        "receivers": [{"name": RECEIVER}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "generatorURL": "",
    }


class Board:
    """Grafana with the profile's dashboards, for an anonymous visitor."""

    def __init__(self, stack: Stack) -> None:
        config = stack.components.grafana or Grafana()
        self._boards = {board.uid: board for board in config.dashboards}
        if "grafana:no-dashboard" in stack.faults:
            self._boards = {}
        self._fewer = "grafana:row-gone" in stack.faults
        self._well = "grafana:database" not in stack.faults
        self._prometheus = Watched(stack)

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
        if await self._prometheus.ready():
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
