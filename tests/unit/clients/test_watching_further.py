"""What a Prometheus is set up like, what fired, dashboards row by row, Langfuse, the families of a metrics page."""

import json
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_llmops.clients.dashboards import Dashboard, Panel, Row, Source
from pytest_llmops.clients.families import families_of
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.clients.watching import Fired, fired
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

YAML = """
global:
  scrape_interval: 15s
  evaluation_interval: 1m30s
  external_labels:
    cluster: one
alerting:
  alertmanagers:
  - static_configs:
    - targets: [alertmanager:9093]
rule_files: [/etc/prometheus/alerts.yml]
scrape_configs:
- job_name: api
- job_name: node
"""


def success(data):
    return {"status": "success", "data": data}


@pytest.fixture
def answering(serve, client):
    """A client of a server that answers by path, and the server."""

    def answering(component, answers, **settings):
        def answer(request):
            found = answers.get(urlsplit(request.path).path, (404, "{}"))
            return found(request) if callable(found) else found

        server = serve(answer)
        return client(component, url=server.url, **settings), server

    return answering


def asked(server):
    path, _, query = server.requests[-1].path.partition("?")
    return path, dict(parse_qsl(query))


def test_the_setup_of_a_prometheus(answering):
    client, _ = answering("prometheus", {"/api/v1/status/config": success({"yaml": YAML})})
    setup = client.setup()
    assert (setup.scrape_interval_s, setup.evaluation_interval_s) == (15.0, 90.0)
    assert (setup.external_labels, setup.rule_files) == ({"cluster": "one"}, ("/etc/prometheus/alerts.yml",))
    assert (setup.jobs, setup.alertmanagers) == (("api", "node"), ("alertmanager:9093",))


def test_a_setup_that_says_nothing_has_the_defaults(answering):
    client, _ = answering("prometheus", {"/api/v1/status/config": success({"yaml": "{}"})})
    setup = client.setup()
    assert (setup.scrape_interval_s, setup.evaluation_interval_s, setup.jobs) == (60.0, 60.0, ())


def test_whom_it_tells_and_what_it_has(answering):
    client, server = answering(
        "prometheus",
        {
            "/api/v1/alertmanagers": success({"activeAlertmanagers": [{"url": "http://a:9093/api/v2/alerts"}]}),
            "/api/v1/label/job/values": success(["api", "node"]),
            "/api/v1/series": success([{"__name__": "up", "job": "api"}]),
        },
    )
    assert client.alertmanagers() == ["http://a:9093/api/v2/alerts"]
    assert client.labels("job") == ["api", "node"]
    assert client.series("up", last_s=60) == [{"__name__": "up", "job": "api"}]
    path, query = asked(server)
    assert (path, query["match[]"]) == ("/api/v1/series", "up")
    assert float(query["end"]) - float(query["start"]) == pytest.approx(60)


def curves_of(*curves):
    """Answers a range query with curves: labels, and seconds after the start at which the series was there."""

    def answer(request):
        start = float(dict(parse_qsl(urlsplit(request.path).query))["start"])
        result = [{"metric": labels, "values": [[start + at, "1"] for at in ats]} for labels, ats in curves]
        return success({"resultType": "matrix", "result": result})

    return answer


def test_what_fired_how_often_and_how_long_for_each_endpoint(answering):
    answer = curves_of(
        ({"alertname": "Down", "job": "ollama", "instance": "o:1"}, range(0, 601, 10)),
        ({"alertname": "Down", "job": "api", "instance": "a:1"}, [0, 10, 20, 100, 110]),
        ({"alertname": "Slow"}, [300]),
    )
    client, server = answering("prometheus", {"/api/v1/query_range": answer})
    assert client.fired(last_s=600, step_s=10) == [
        Fired("Down", 2, 50.0, "api", "a:1"),  # what fires for ever for another job does not hide it
        Fired("Down", 1, 610.0, "ollama", "o:1"),
        Fired("Slow", 1, 10.0),
    ]
    assert asked(server)[1]["query"] == 'max by (alertname, job, instance) (ALERTS{alertstate="firing"})'
    client.fired(last_s=604_800)
    assert asked(server)[1]["step"] == "60.480"
    assert fired({"alertname": "Never"}, [], 10) == Fired("Never", 0, 0)


def test_how_much_of_a_time_is_remembered(answering):
    client, server = answering("prometheus", {"/api/v1/query_range": curves_of(({}, [400, 410, 500]))})
    memory = client.memory(last_s=600, step_s=10)
    assert asked(server)[1]["query"] == "count(up)"
    assert (memory.since, memory.seconds, memory.of_s) == (float(asked(server)[1]["start"]) + 400, 30.0, 600)
    assert not memory.whole
    client, _ = answering("prometheus", {"/api/v1/query_range": curves_of(({}, range(0, 601, 10)))})
    assert client.memory(last_s=600, step_s=10).whole


def test_what_has_scraped_nothing_remembers_no_alert(answering):
    client, _ = answering("prometheus", {"/api/v1/query_range": curves_of()})
    with pytest.raises(Vacuous) as caught:
        client.memory(last_s=600)
    assert str(caught.value) == "prometheus: nothing was scraped in the last 10 min: no alert could fire."


def test_a_value_is_waited_for(answering):
    empty = success({"resultType": "vector", "result": []})
    full = success({"resultType": "vector", "result": [{"metric": {}, "value": [0, "7"]}]})
    answers = iter([empty, empty, full])
    client, _ = answering("prometheus", {"/api/v1/query": lambda _: next(answers)})
    assert client.value_within("rate(x[5m])", 2.0) == 7.0
    client, _ = answering("prometheus", {"/api/v1/query": empty})
    with pytest.raises(Vacuous):
        client.value_within("rate(x[5m])", 0.01)


def test_targets_are_waited_for_while_one_is_not_up(answering):
    def targets(*healths):
        found = [
            {
                "labels": {"job": "api", "instance": f"{number}"},
                "scrapeUrl": "http://api/metrics",
                "health": health,
                "lastError": "",
                "lastScrape": "2026-01-01T00:00:00Z",
                "lastScrapeDuration": 0.01,
            }
            for number, health in enumerate(healths)
        ]
        return success({"activeTargets": found})

    answers = iter([targets("up", "unknown"), targets("up", "down"), targets("up", "up")])
    client, _ = answering("prometheus", {"/api/v1/targets": lambda _: next(answers)})
    assert [one.health for one in client.targets_within(2.0)] == ["up", "up"]
    client, _ = answering("prometheus", {"/api/v1/targets": targets("down")})
    assert [one.health for one in client.targets_within(0.01)] == ["down"]


def test_an_alertmanager_says_whom_it_may_tell(answering):
    status = {"cluster": {"status": "ready"}, "versionInfo": {"version": "0.27.0"}}
    answers = {"/api/v2/receivers": [{"name": "mail"}], "/api/v2/status": status}
    client, _ = answering("alertmanager", answers)
    assert (client.receivers(), client.cluster()) == (["mail"], "ready")


BOARD = {
    "dashboard": {
        "uid": "health",
        "title": "Health",
        "panels": [
            {"type": "stat", "title": "Above"},
            {"type": "row", "title": "Traffic"},
            {"type": "timeseries", "title": "Requests", "targets": [{"expr": "rate(x[5m])"}, {"refId": "B"}]},
            {"type": "row", "title": "Cost", "panels": [{"type": "stat", "title": "Tokens"}]},
        ],
    }
}
TABLE = {
    "uid": "health",
    "title": "Health",
    "rows": [
        {"title": "Traffic", "panels": [{"title": "Requests"}, {"title": "Errors"}]},
        {"title": "Safety"},
    ],
}


def test_a_dashboard_row_by_row(answering):
    client, server = answering(
        "grafana",
        {
            "/api/dashboards/uid/health": BOARD,
            "/api/search": [{"uid": "health", "title": "Health"}],
            "/api/datasources": [{"uid": "p", "name": "Prometheus", "type": "prometheus"}],
            "/api/datasources/uid/p/health": (400, json.dumps({"status": "ERROR"})),
        },
        dashboards=[TABLE],
    )
    board = client.dashboard("health")
    requests = Panel("Requests", ("rate(x[5m])",))
    above, cost = Row("", (Panel("Above", ()),)), Row("Cost", (Panel("Tokens", ()),))
    assert board == Dashboard("health", "Health", (above, Row("Traffic", (requests,)), cost))
    assert [panel.title for panel in board.panels] == ["Above", "Requests", "Tokens"]
    assert client.lacks(board) == ["panel Errors", "row Safety"]
    assert client.expected() == [board]
    assert client.search("heal") == {"health": "Health"}
    assert asked(server) == ("/api/search", {"type": "dash-db", "query": "heal"})
    assert client.sources() == [Source("p", "Prometheus", "prometheus")]
    assert client.source_health("p") == "ERROR"
    with pytest.raises(CallFailed) as caught:
        client.dashboard("other")
    assert caught.value.kind == "http-404"


def test_dashboards_that_nobody_described(answering):
    client, _ = answering("grafana", {"/api/search": {"not": "a list"}})
    with pytest.raises(Unsupported) as caught:
        client.expected()
    assert str(caught.value) == "grafana: its profile describes no dashboard."
    with pytest.raises(CallFailed) as caught:
        client.search()
    said = 'GET /api/search answered something else than Grafana\'s API: \'{"not": "a list"}\''
    assert str(caught.value) == f"grafana: {said}."


def test_langfuse_with_and_without_its_database(answering):
    well = {"status": "OK", "version": "2.95.8"}
    client, server = answering("langfuse", {"/api/public/health": well})
    found = preflight(client, 5.0)
    assert (found.ok, found.facts) == (True, {"server": "2.95.8"})
    assert asked(server) == ("/api/public/health", {"failIfDatabaseUnavailable": "true"})
    assert client.health().code == 200
    client, _ = answering("langfuse", {"/api/public/health": (503, json.dumps(well | {"status": "away"}))})
    assert (client.health().code, preflight(client, 5.0).ok) == (503, True)
    client, _ = answering("langfuse", {"/api/public/health": (500, "Internal Server Error")})
    assert (client.health().code, client.health().version, preflight(client, 5.0).ok) == (500, "", True)
    client, _ = answering("langfuse", {"/api/public/health": {"ok": True}})
    with pytest.raises(CallFailed) as caught:
        client.health()
    said = "GET /api/public/health names no status, so this is no Langfuse: '{\"ok\": true}'"
    assert str(caught.value) == f"langfuse: {said}."


def test_how_many_traces_langfuse_has(answering):
    client, server = answering("langfuse", {"/api/public/traces": {"data": [], "meta": {"totalItems": 41}}})
    assert client.traces() == 41
    assert asked(server)[1] == {"limit": "1"}
    assert client.traces(last_s=3600) == 41
    assert asked(server)[1]["fromTimestamp"].startswith(time.strftime("%Y", time.gmtime(time.time() - 3600)))
    client, _ = answering("langfuse", {"/api/public/traces": {"data": []}})
    with pytest.raises(CallFailed) as caught:
        client.traces()
    said = "GET /api/public/traces answered something else than Langfuse's API: '{\"data\": []}'"
    assert str(caught.value) == f"langfuse: {said}."


def test_the_newest_traces_of_langfuse_page_by_page(answering):
    def pages(request):
        query = dict(parse_qsl(urlsplit(request.path).query))
        first, size = (int(query.get("page", 1)) - 1) * int(query["limit"]), int(query["limit"])
        return {"data": [{"id": str(number)} for number in range(first, min(first + size, 230))]}

    client, server = answering("langfuse", {"/api/public/traces": pages})
    assert [len(client.newest(most)) for most in (50, 100, 150, 230, 1000)] == [50, 100, 150, 230, 230]
    assert len({trace["id"] for trace in client.newest(1000)}) == 230
    client.newest(1000, user="u1")
    path, query = asked(server)
    until = query.pop("toTimestamp")
    assert (path, query) == ("/api/public/traces", {"limit": "100", "page": "3", "userId": "u1"})
    assert {dict(parse_qsl(urlsplit(one.path).query))["toTimestamp"] for one in server.requests[-3:]} == {until}
    client.newest(100)
    assert asked(server)[1] == {"limit": "100"}  # of a single page nothing is kept back by a clock that is behind


SCORED = {"observation": "check", "value": "metadata.score", "low": 0.7}


def observed(*scores, pages=1):
    return {
        "data": [
            {
                "traceId": f"t{number}",
                "startTime": "2026-11-30T09:00:05Z",
                "metadata": {"score": score} if score else {},
            }
            for number, score in enumerate(scores)
        ],
        "meta": {"totalPages": pages},
    }


def test_how_answers_were_scored(answering):
    client, server = answering("langfuse", {"/api/public/observations": observed(0.9, None, 0.41)}, scored=SCORED)
    found = client.scores(3600)
    path, query = asked(server)
    assert (path, query["name"], query["limit"]) == ("/api/public/observations", "check", "100")
    assert query["fromStartTime"].startswith(time.strftime("%Y", time.gmtime(time.time() - 3600)))
    assert [(one.trace, one.value) for one in found.all] == [("t0", 0.9), ("t2", 0.41)]
    assert [one.trace for one in found.low] == ["t2"]
    assert found.said == "of 2 answers of the last 60 min"
    assert "1 of 2 answers of the last 60 min.\n" in found.document()
    assert "| t2 | 2026-11-30 09:00:05 | 0.41 |\n" in found.document()


def test_scores_of_several_pages(answering):
    client, server = answering("langfuse", {"/api/public/observations": observed(0.9, 0.41, pages=3)}, scored=SCORED)
    found = client.scores(3600)
    assert (len(found.low), found.said) == (3, "of 6 answers of the last 60 min")
    assert [dict(parse_qsl(one.path))["page"] for one in server.requests] == ["1", "2", "3"]
    client, server = answering("langfuse", {"/api/public/observations": observed(0.9, 0.41, pages=21)}, scored=SCORED)
    assert client.scores(3600).said == "of the newest 40 answers of the last 60 min, which has more"


def test_answers_that_nobody_scored(answering):
    client, _ = answering("langfuse", {"/api/public/observations": observed(None)}, scored=SCORED)
    with pytest.raises(Vacuous) as caught:
        client.scores(3600)
    said = "none of 1 observations 'check' of the last 60 min has a score at 'metadata.score'"
    assert str(caught.value) == f"langfuse: {said}."
    client, _ = answering("langfuse", {})
    with pytest.raises(Unsupported) as unsaid:
        client.scores(3600)
    assert str(unsaid.value) == (
        "langfuse: the target does not say where the score of an answer stands; "
        "give components.langfuse.scored an observation and low."
    )


@pytest.mark.parametrize(
    "found", [observed("high"), observed(True), {"data": [{"traceId": "a", "metadata": {"score": 1}}]}, {}, []]
)
def test_scores_that_are_none(answering, found):
    client, _ = answering("langfuse", {"/api/public/observations": found}, scored=SCORED)
    with pytest.raises(CallFailed, match="answered something else than scores") as caught:
        client.scores(3600)
    assert caught.value.kind == "bad-answer"


PAGE = """
# TYPE asked_total counter
asked_total{route="/a"} 0.0
asked_created{route="/a"} 1795.0
# TYPE errors_total counter
# TYPE took histogram
took_bucket{le="0.5"} 1.0
took_bucket{le="0.1"} 0.0
took_bucket{le="+Inf"} 1.0
took_count 1.0
took_sum 0.3
# TYPE level gauge
level 0.0
"""


def test_the_families_of_a_page(answering):
    client, _ = answering("api", {"/metrics": (200, PAGE)}, metrics="/metrics")
    found = families_of(client.metrics_answer())
    assert {name: family.silent for name, family in found.items()} == {
        "asked_total": True,
        "errors_total": True,
        "took": False,
        "level": True,
    }
    assert found["took"].bounds == {"took_bucket": (0.1, 0.5)}
    assert (found["asked_total"].series, found["errors_total"].series) == ({"asked_total"}, frozenset())
    client, _ = answering("api", {"/metrics": (200, "level zero\n")}, metrics="/metrics")
    with pytest.raises(CallFailed) as caught:
        families_of(client.metrics_answer())
    assert caught.value.kind == "bad-answer"
