"""Prometheus' HTTP API over what the sandbox has scraped."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import yaml
from promql_parser import VectorSelector
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_llmops.promql import PromqlError, instant, over, parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from starlette.requests import Request

    from pytest_llmops.promql import Active
    from pytest_llmops.sandbox.scraping import Evaluated, Scraped, Scraping
    from pytest_llmops.sandbox.stack import Stack

VERSION = "2.53.0"
_MOST_POINTS = 11_000


class Wrong(Exception):
    """A call that is answered with an error.

    Attributes:
        status: of HTTP.
        kind: in Prometheus' words.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def app(stack: Stack, scraping: Scraping) -> Starlette:
    """The server."""
    return Starlette(routes=Api(stack, scraping).routes())


class Api:
    """The routes over one memory."""

    def __init__(self, stack: Stack, scraping: Scraping) -> None:
        self._stack = stack
        self._scraping = scraping

    def routes(self) -> list[Route]:
        """All of them."""
        table: dict[str, Callable[[Mapping[str, str]], Any]] = {
            "query": self._query,
            "query_range": self._range,
            "series": self._series,
            "targets": self._targets,
            "rules": self._rules,
            "alerts": self._alerts,
            "alertmanagers": self._alertmanagers,
            "status/config": self._config,
            "status/buildinfo": lambda _: {"version": VERSION, "revision": "", "branch": "", "goVersion": ""},
            "labels": lambda _: sorted({name for key in self._scraping.memory for name, _ in key}),
            "label/{name}/values": self._values,
        }
        return [
            *(
                Route(f"/api/v1/{route}", self._answering(read), methods=["GET", "POST"])
                for route, read in table.items()
            ),
            Route("/-/ready", _plain("Prometheus Server is Ready.\n")),
            Route("/-/healthy", _plain("Prometheus Server is Healthy.\n")),
        ]

    def _answering(self, read: Callable[[Mapping[str, str]], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            asked = {**request.path_params, **request.query_params}
            if request.method == "POST":
                asked |= dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
            try:
                with self._scraping.lock:
                    data = read(asked)
            except Wrong as error:
                said = {"status": "error", "errorType": error.kind, "error": str(error)}
                return JSONResponse(said, error.status)
            except PromqlError as error:
                said = {"status": "error", "errorType": "execution", "error": str(error)}
                return JSONResponse(said, 422)
            return JSONResponse({"status": "success", "data": data})

        return answer

    def _query(self, asked: Mapping[str, str]) -> dict[str, Any]:
        at = _moment(asked, "time", time.time())
        value = instant(_expression(asked), self._scraping.memory, at)
        if isinstance(value, float):
            return {"resultType": "scalar", "result": [at, _number(value)]}
        found = [{"metric": dict(labels), "value": [at, _number(number)]} for labels, number in value.items()]
        return {"resultType": "vector", "result": found}

    def _range(self, asked: Mapping[str, str]) -> dict[str, Any]:
        start, end, step_s = (_moment(asked, name, None) for name in ("start", "end", "step"))
        if step_s <= 0 or (end - start) / step_s > _MOST_POINTS:
            raise Wrong(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries.")
        # What was before the first sample is empty: no need to look there.
        began = min((target.at for target in self._scraping.targets), default=end) - 3600.0
        first = start + max(0.0, (began - start) // step_s) * step_s
        curves = over(_expression(asked), self._scraping.memory, first, end, step_s)
        found = [
            {"metric": dict(labels), "values": [[at, _number(number)] for at, number in points]}
            for labels, points in curves.items()
        ]
        return {"resultType": "matrix", "result": found}

    def _series(self, asked: Mapping[str, str]) -> list[dict[str, str]]:
        node = parse(asked.get("match[]", ""))
        if not isinstance(node, VectorSelector):
            raise Wrong(400, "bad_data", f'invalid parameter "match[]": {asked.get("match[]", "")}')
        start, end = _moment(asked, "start", 0.0), _moment(asked, "end", time.time())
        found = self._scraping.memory.select(node.name, node.matchers.matchers)
        return [dict(key) for key, points in found if any(start <= at <= end for at, _ in points)]

    def _values(self, asked: Mapping[str, str]) -> list[str]:
        return sorted({text for key in self._scraping.memory for name, text in key if name == asked["name"]})

    def _targets(self, _: Mapping[str, str]) -> dict[str, Any]:
        return {"activeTargets": [_target(one) for one in self._scraping.targets], "droppedTargets": []}

    def _rules(self, asked: Mapping[str, str]) -> dict[str, Any]:
        groups: dict[str, list[Evaluated]] = {}
        for rule in self._scraping.rules if asked.get("type") != "record" else []:
            groups.setdefault(rule.group, []).append(rule)
        files = self._scraping.config.rule_files or ["rules.yml"]
        interval_s = self._scraping.config.evaluation_interval or 60.0
        return {
            "groups": [
                {"name": name, "file": files[0], "interval": interval_s, "rules": [_rule(rule) for rule in rules]}
                for name, rules in groups.items()
            ]
        }

    def _alerts(self, _: Mapping[str, str]) -> dict[str, Any]:
        return {"alerts": [_alert(alert) for rule in self._scraping.rules for alert in rule.active]}

    def _alertmanagers(self, _: Mapping[str, str]) -> dict[str, Any]:
        """Under the names that the profile gives them, as a server in its own network says; else where they are."""
        url = self._stack.addresses.get("alertmanager")
        if not url or not self._tells:
            return {"activeAlertmanagers": [], "droppedAlertmanagers": []}
        named = [f"http://{name}" for name in self._alertmanagers_named] or [url]
        told = [{"url": f"{one}/api/v2/alerts"} for one in named]
        return {"activeAlertmanagers": told, "droppedAlertmanagers": []}

    @property
    def _alertmanagers_named(self) -> list[str]:
        other = "prometheus:other-alertmanager" in self._stack.faults
        return ["elsewhere:9093"] if other else self._scraping.config.alertmanagers

    @property
    def _tells(self) -> bool:
        return "prometheus:no-alertmanager" not in self._stack.faults

    def _config(self, _: Mapping[str, str]) -> dict[str, str]:
        return {"yaml": yaml.safe_dump(self._setup(), sort_keys=False)}

    def _setup(self) -> dict[str, Any]:
        config = self._scraping.config
        other = "prometheus:other-setup" in self._stack.faults
        common: dict[str, Any] = {
            "scrape_interval": _span(120.0 if other else config.scrape_interval or 60.0),
            "scrape_timeout": "10s",
            "evaluation_interval": _span(120.0 if other else config.evaluation_interval or 60.0),
        }
        labels = {"cluster": "another"} if other else config.external_labels
        setup: dict[str, Any] = {"global": common | ({"external_labels": dict(labels)} if labels else {})}
        if self._alertmanagers_named and self._tells:
            setup["alerting"] = {
                "alertmanagers": [{"scheme": "http", "static_configs": [{"targets": list(self._alertmanagers_named)}]}]
            }
        if self._scraping.rules and config.rule_files:
            setup["rule_files"] = list(config.rule_files)
        setup["scrape_configs"] = [
            {
                "job_name": one.job.job,
                "scrape_interval": _span(one.interval_s),
                "scrape_timeout": _span(one.timeout_s),
                "metrics_path": one.job.path,
                "static_configs": [{"targets": [one.labels["instance"]]}],
            }
            for one in self._scraping.targets
        ]
        return setup


def _plain(text: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(text)

    return answer


def _expression(asked: Mapping[str, str]) -> str:
    expr = asked.get("query", "")
    try:
        parse(expr)
    except PromqlError as error:
        said = str(error).partition(" is no PromQL: ")[2].rstrip(".")
        raise Wrong(400, "bad_data", f'invalid parameter "query": parse error: {said}') from None
    return expr


def _moment(asked: Mapping[str, str], name: str, otherwise: float | None) -> float:
    text = asked.get(name)
    if text is None and otherwise is not None:
        return otherwise
    try:
        return float(text or "")
    except ValueError:
        raise Wrong(400, "bad_data", f'invalid parameter "{name}": cannot parse {text!r}') from None


def _number(value: float) -> str:
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(repr(value), repr(value))


def _span(seconds: float) -> str:
    """A duration as Prometheus writes it."""

    def parts(left_ms: int) -> Iterator[str]:
        for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
            if left_ms >= size:
                yield f"{left_ms // size}{unit}"
                left_ms %= size

    return "".join(parts(round(seconds * 1000))) or "0s"


def stamp(at: float) -> str:
    """A moment as Go writes it; 0 is never."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat().replace("+00:00", "Z") if at else "0001-01-01T00:00:00Z"


def moment(text: str) -> float:
    """What Go writes of a moment, in seconds since the epoch."""
    return dt.datetime.fromisoformat(text).timestamp()


def _target(one: Scraped) -> dict[str, Any]:
    return {
        "discoveredLabels": {"__address__": one.labels["instance"], "__metrics_path__": one.job.path},
        "labels": one.labels,
        "scrapePool": one.job.job,
        "scrapeUrl": one.url,
        "globalUrl": one.url,
        "lastError": one.error,
        "lastScrape": stamp(one.at),
        "lastScrapeDuration": one.took_s,
        "health": one.health,
        "scrapeInterval": _span(one.interval_s),
        "scrapeTimeout": _span(one.timeout_s),
    }


def _rule(one: Evaluated) -> dict[str, Any]:
    return {
        "state": one.state,
        "name": one.rule.name,
        "query": one.rule.expr,
        "duration": one.rule.for_s,
        "labels": dict(one.rule.labels),
        "annotations": dict(one.rule.annotations),
        "alerts": [_alert(alert) for alert in one.active],
        "health": ("err" if one.error else "ok") if one.at else "unknown",
        **({"lastError": one.error} if one.error else {}),
        "evaluationTime": 0.001,
        "lastEvaluation": stamp(one.at),
        "type": "alerting",
    }


def _alert(alert: Active) -> dict[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": {},
        "state": alert.state,
        "activeAt": stamp(alert.since),
        "value": f"{alert.value:e}",
    }
