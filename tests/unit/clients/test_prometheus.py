import json
import math
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.clients.readings import Curve, Reading
from pytest_llmops.errors import CallFailed, Vacuous

API = {"__name__": "up", "instance": "127.0.0.1:9100", "job": "api"}
DEAD = {"__name__": "up", "instance": "127.0.0.1:9101", "job": "dead"}
BUILD = {"version": "2.42.0+ds", "revision": "2.42.0+ds-5+deb12u1", "branch": "debian/sid", "goVersion": "go1.19.8"}
REFUSED = 'Get "http://127.0.0.1:9101/metrics": dial tcp 127.0.0.1:9101: connect: connection refused'
DUPLICATE = (
    'found duplicate series for the match group {} on the right hand-side of the operation: [{__name__="up", job="a"}, '
    '{__name__="up", job="b"}];many-to-many matching not allowed: matching labels must be unique on one side'
)
UNENDED = 'invalid parameter "query": 1:4: parse error: unexpected end of input inside braces'
STRANGE = "GET /api/v1/query answered something else than Prometheus' API:"
NEVER = "0001-01-01T00:00:00Z"


def success(data, **more):
    return {"status": "success", "data": data, **more}


def error(status, kind, words):
    return status, json.dumps({"status": "error", "errorType": kind, "error": words})


def vector(*pairs):
    return success({"resultType": "vector", "result": [{"metric": m, "value": [1795189026.538, v]} for m, v in pairs]})


def ago(seconds):
    """A moment as Go writes it: nanoseconds and Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - seconds)) + ".632510205Z"


@pytest.fixture
def prometheus(serve, client):
    """A client of a server that answers every call with the given, or those of several paths as given; its server."""

    def prometheus(answer):
        by_path = isinstance(answer, dict) and all(path.startswith("/") for path in answer)
        server = serve(lambda request: answer[urlsplit(request.path).path] if by_path else answer)
        return client("prometheus", url=server.url), server

    return prometheus


def asked(server):
    path, _, query = server.requests[-1].path.partition("?")
    return path, dict(parse_qsl(query))


def test_a_query_is_one_reading_a_series(prometheus):
    client, server = prometheus(vector((API, "1"), (DEAD, "0")))
    assert client.query("up") == [Reading(API, 1.0, 1795189026.538), Reading(DEAD, 0.0, 1795189026.538)]
    assert asked(server) == ("/api/v1/query", {"query": "up"})
    client.query('up{job="api"}', at=1795189025.5)
    assert asked(server)[1] == {"query": 'up{job="api"}', "time": "1795189025.500"}


def test_a_scalar_is_a_reading_without_labels(prometheus):
    client, _ = prometheus(success({"resultType": "scalar", "result": [1795189007.049, "2"]}))
    assert client.query("1 + 1") == [Reading({}, 2.0, 1795189007.049)]
    assert client.value("1 + 1") == 2.0


def test_a_series_that_is_not_there_is_no_reading(prometheus):
    assert prometheus(vector())[0].query("nope") == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            {"resultType": "matrix", "result": [{"metric": API, "values": [[1795189025.6, "1"]]}]},
            "is series over a time, not at one moment; drop the [...], or ask with range()",
        ),
        ({"resultType": "string", "result": [1795189007.09, "x"]}, "is a string, not a number"),
        (
            {"resultType": "vector", "result": [{"metric": API, "histogram": [1795189026.5, {"count": "6"}]}]},
            "is a native histogram; ask for histogram_count(), histogram_sum() or histogram_quantile()",
        ),
    ],
    ids=["matrix", "string", "native histogram"],
)
def test_a_result_that_is_no_number(prometheus, data, reason):
    with pytest.raises(CallFailed) as caught:
        prometheus(success(data))[0].query("expr")
    assert (caught.value.kind, str(caught.value)) == ("bad-answer", f"prometheus: 'expr' {reason}.")


def test_a_value_is_one_number(prometheus):
    client, server = prometheus(vector(({}, "0.09000000000000001")))
    assert client.value("sum(x)", at=1795189025) == 0.09000000000000001
    assert asked(server)[1]["time"] == "1795189025.000"


def test_a_value_of_nothing_is_vacuous(prometheus):
    with pytest.raises(Vacuous) as caught:
        prometheus(vector())[0].value("sum(nope)")
    assert str(caught.value) == "prometheus: 'sum(nope)' says nothing, no series of that description is there."


def test_a_value_that_is_not_a_number_is_vacuous(prometheus):
    with pytest.raises(Vacuous) as caught:
        prometheus(vector(({}, "NaN")))[0].value("a / b")
    assert str(caught.value) == "prometheus: 'a / b' says nothing, it is NaN: nothing was counted."


@pytest.mark.parametrize(("given", "shown"), [("+Inf", "+inf"), ("-Inf", "-inf")])
def test_an_infinite_value_is_no_pass(prometheus, given, shown):
    with pytest.raises(CallFailed) as caught:
        prometheus(vector(({}, given)))[0].value("a / b")
    assert (caught.value.kind, str(caught.value)) == (
        "infinite",
        f"prometheus: 'a / b' is {shown}: look for a division by 0 in it.",
    )


def test_several_values_are_named(prometheus):
    with pytest.raises(CallFailed) as caught:
        prometheus(vector((API, "1"), ({"job": "dead"}, "0.25")))[0].value("up")
    assert (caught.value.kind, str(caught.value)) == (
        "several",
        'prometheus: \'up\' is 2 numbers, not one: up{instance="127.0.0.1:9100", job="api"} 1; {job="dead"} 0.25.',
    )
    with pytest.raises(CallFailed) as caught:
        prometheus(vector(*(({"job": str(number)}, "1") for number in range(8))))[0].value("up")
    assert str(caught.value).endswith('{job="4"} 1; 3 more.')


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (
            error(
                400, "bad_data", 'invalid parameter "query": 1:4: parse error: unexpected end of input inside braces'
            ),
            "http-400",
            f"'up{{' failed (bad_data): {UNENDED}.",
        ),
        (error(422, "execution", DUPLICATE), "http-422", f"'up{{' failed (execution): {DUPLICATE}."),
        (
            error(503, "timeout", "query timed out in expression evaluation"),
            "http-503",
            "'up{' failed (timeout): query timed out in expression evaluation.",
        ),
        ((503, "Service Unavailable"), "http-503", "GET /api/v1/query answered 503: Service Unavailable"),
        ((404, "404 page not found\n"), "http-404", "GET /api/v1/query answered 404: 404 page not found"),
        (error(429, "throttled", "slower"), "throttled", "GET /api/v1/query is throttled."),
        ((200, "<html>"), "bad-answer", "GET /api/v1/query answered no JSON: '<html>'."),
        (
            {"status": "success", "data": {}},
            "bad-answer",
            f"""{STRANGE} '{{"status": "success", "data": {{}}}}'.""",
        ),
        (
            {"status": "ok"},
            "bad-answer",
            'GET /api/v1/query answered something else than Prometheus\' API: \'{"status": "ok"}\'.',
        ),
    ],
    ids=["bad data", "execution", "timeout", "not ready", "no such route", "throttled", "page", "no type", "no data"],
)
def test_a_query_that_fails_says_why_in_prometheus_own_words(prometheus, answer, kind, reason):
    with pytest.raises(CallFailed) as caught:
        prometheus(answer)[0].query("up{")
    assert (caught.value.kind, str(caught.value)) == (kind, f"prometheus: {reason}")


def test_warnings_are_kept_once(prometheus):
    client, _ = prometheus({**vector((API, "1")), "warnings": ["remote read: store 2 did not answer"]})
    assert client.warnings == []
    assert client.value("up") == client.value("up") == 1.0
    assert client.warnings == ["remote read: store 2 did not answer"]


MATRIX = success(
    {
        "resultType": "matrix",
        "result": [
            {"metric": API, "values": [[1795189023, "1"], [1795189024, "+Inf"], [1795189025.5, "NaN"]]},
            {"metric": DEAD, "values": [[1795189025.5, "0"]]},
        ],
    }
)


def test_a_range_is_one_curve_a_series(prometheus):
    client, server = prometheus(MATRIX)
    api, dead = client.range("up", start=1795189023, end=1795189026, step_s=0.5)
    assert (api.labels, [at for at, _ in api.points]) == (API, [1795189023.0, 1795189024.0, 1795189025.5])
    assert api.values[:2] == (1.0, math.inf)
    assert math.isnan(api.values[2])
    assert dead == Curve(DEAD, ((1795189025.5, 0.0),))
    assert asked(server) == (
        "/api/v1/query_range",
        {"query": "up", "start": "1795189023.000", "end": "1795189026.000", "step": "0.500"},
    )


@pytest.mark.parametrize(("last_s", "step"), [(3600, "14.400"), (60, "1.000")])
def test_a_range_ends_now_and_has_250_points_at_most(prometheus, last_s, step):
    client, server = prometheus(MATRIX)
    before = time.time()
    client.range("up", last_s=last_s)
    sent = asked(server)[1]
    assert before - 0.001 <= float(sent["end"]) <= time.time() + 0.001
    assert float(sent["end"]) - float(sent["start"]) == pytest.approx(last_s, abs=0.002)
    assert sent["step"] == step


@pytest.mark.parametrize("given", [{}, {"start": 1.0}, {"end": 1.0}, {"last_s": 1.0, "end": 2.0}])
def test_a_range_without_its_two_ends(prometheus, given):
    client, server = prometheus(MATRIX)
    with pytest.raises(ValueError, match=r"^range takes either last_s, or start and end$"):
        client.range("up", **given)
    assert server.requests == []


def test_a_range_that_the_server_refuses(prometheus):
    words = (
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
    )
    with pytest.raises(CallFailed) as caught:
        prometheus(error(400, "bad_data", words))[0].range("up", last_s=99999, step_s=1)
    assert str(caught.value) == f"prometheus: 'up' failed (bad_data): {words}."


def scraped(job, port, health, **more):
    labels = {"instance": f"127.0.0.1:{port}", "job": job}
    found = {"discoveredLabels": {"__address__": f"127.0.0.1:{port}"}, "labels": labels, "scrapePool": job}
    found |= {"scrapeUrl": f"http://127.0.0.1:{port}/metrics", "globalUrl": f"http://vm:{port}/metrics"}
    found |= {"lastError": "", "lastScrape": NEVER, "lastScrapeDuration": 0, "health": health}
    return {**found, "scrapeInterval": "500ms", "scrapeTimeout": "400ms", **more}


def test_targets_say_how_they_are(prometheus):
    items = [
        scraped("node", 9100, "up", lastScrape=ago(40), lastScrapeDuration=0.014308491),
        scraped("dead", 9101, "down", lastScrape=ago(3), lastError=REFUSED),
        scraped("node", 9099, "unknown"),
    ]
    client, server = prometheus(success({"activeTargets": items, "droppedTargets": []}))
    dead, new, node = client.targets()
    assert asked(server) == ("/api/v1/targets", {"state": "active"})
    assert (dead.job, dead.instance, dead.health, dead.error) == ("dead", "127.0.0.1:9101", "down", REFUSED)
    assert dead.url == "http://127.0.0.1:9101/metrics"
    assert (new.health, new.age_s, new.error, new.took_s) == ("unknown", None, "", 0.0)
    assert (node.health, node.age_s, node.took_s) == ("up", pytest.approx(40, abs=20), 0.014308491)
    assert node.labels == {"instance": "127.0.0.1:9100", "job": "node"}


ALERT = {
    "labels": {"alertname": "TargetDown", "job": "dead", "severity": "critical"},
    "annotations": {"summary": "dead is down"},
    "state": "firing",
    "activeAt": "2026-11-20T15:36:47.632510205Z",
    "value": "0e+00",
}


def test_alerts_fire_or_are_pending(prometheus):
    later = {**ALERT, "labels": {"alertname": "Later"}, "annotations": {}, "state": "pending", "value": "9.5e+01"}
    firing, pending = prometheus(success({"alerts": [ALERT, later]}))[0].alerts()
    assert (firing.name, firing.state, firing.value) == ("TargetDown", "firing", 0.0)
    assert firing.since == pytest.approx(1795189007.63251, abs=1e-4)
    assert (firing.labels, firing.annotations) == (ALERT["labels"], {"summary": "dead is down"})
    assert (pending.name, pending.state, pending.value) == ("Later", "pending", 95.0)


def test_rules_say_whether_they_can_be_evaluated(prometheus):
    alerting = {"labels": {"severity": "critical"}, "annotations": {}, "alerts": [], "type": "alerting"}
    rules = [
        {**alerting, "state": "firing", "name": "TargetDown", "query": "up == 0", "duration": 3600, "health": "ok"}
        | {"keepFiringFor": 0, "alerts": [ALERT], "evaluationTime": 0.0007, "lastEvaluation": ago(20)},
        {**alerting, "state": "inactive", "name": "Broken", "query": "up / up", "duration": 0, "health": "err"}
        | {"lastError": DUPLICATE, "evaluationTime": 0, "lastEvaluation": ago(20)},
        {"name": "job:up:sum", "query": "sum by (job) (up)", "health": "unknown", "evaluationTime": 0}
        | {"lastEvaluation": NEVER, "type": "recording"},
    ]
    groups = [{"name": "g", "file": "rules.yml", "rules": rules, "interval": 0.5}, {"name": "h", "rules": []}]
    down, broken, recorded = prometheus(success({"groups": groups}))[0].rules()
    assert (down.name, down.group, down.kind, down.expr) == ("TargetDown", "g", "alerting", "up == 0")
    assert (down.file, recorded.file) == ("rules.yml", "rules.yml")
    assert (down.state, down.health, down.error, down.for_s) == ("firing", "ok", "", 3600.0)
    assert (down.age_s, down.labels) == (pytest.approx(20, abs=10), {"severity": "critical"})
    assert (broken.state, broken.health, broken.error) == ("inactive", "err", DUPLICATE)
    assert (recorded.kind, recorded.state, recorded.health, recorded.age_s) == ("recording", "", "unknown", None)


def test_it_is_there_when_it_says_its_version(prometheus):
    client, server = prometheus({"/api/v1/status/buildinfo": success(BUILD)})
    found = preflight(client, 5.0)
    assert (found.ok, found.level, found.facts) == (True, "reachable", {"server": "2.42.0+ds"})
    assert [request.path for request in server.requests] == ["/api/v1/status/buildinfo"]
    assert repr(client) == f"Prometheus({server.url})"


def test_a_server_without_that_route_is_there_when_it_is_ready(prometheus):
    old = {"/api/v1/status/buildinfo": (404, "404 page not found"), "/-/ready": (200, "Prometheus is Ready.\n")}
    found = preflight(prometheus(old)[0], 5.0)
    assert (found.ok, found.level, found.facts) == (True, "reachable", {})


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"/api/v1/status/buildinfo": (503, "Service Unavailable")}, "/api/v1/status/buildinfo"),
        ({"/api/v1/status/buildinfo": (404, ""), "/-/ready": (503, "Service Unavailable")}, "/-/ready"),
    ],
    ids=["new", "old"],
)
def test_a_server_that_is_not_ready_is_not_there(prometheus, answers, reason):
    client, server = prometheus(answers)
    found = preflight(client, 5.0)
    assert (found.ok, found.level) == (False, "")
    assert found.reason.startswith(f"prometheus at {server.url}: GET {reason} answered 503: Service Unavailable")


def test_ready_is_a_2xx(prometheus):
    assert 0 < prometheus((200, "Prometheus Server is Ready.\n"))[0].ready() < 5
    with pytest.raises(CallFailed) as caught:
        prometheus((503, "Service Unavailable"))[0].ready()
    assert str(caught.value) == "prometheus: GET /-/ready answered 503: Service Unavailable"
