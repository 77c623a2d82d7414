import datetime as dt
import json
import time

import pytest

from pytest_llmops.clients.health import health_report, moment_of
from pytest_llmops.clients.http import Answer
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.routes import Health

RULE = Health.model_validate(
    {
        "accept": {"status": ["healthy", "ok"], "ready": [True]},
        "dependencies": {
            "vectors": {"path": "services.vectors", "accept": ["connected"]},
            "cache": {"path": "services[?name=='cache'].state | [0]", "accept": ["up", "warming"]},
        },
    }
)


def judged(body, status=200, rule=RULE):
    return health_report(Answer("api", "GET /health", status, json.dumps(body), 0.25), rule)


def well(**more):
    return {"status": "ok", "ready": True, "services": {"vectors": "connected"}, **more}


VECTORS_ONLY = RULE.model_copy(update={"dependencies": {"vectors": RULE.dependencies["vectors"]}})


def test_healthy_is_status_and_body_and_dependencies():
    found = judged(well(), rule=VECTORS_ONLY)
    assert (found.healthy, found.reason, found.unhealthy) == (True, "api: healthy", ())
    assert (found.dependencies, found.elapsed_s, found.age_s) == ({"vectors": "connected"}, 0.25, None)


def test_a_200_that_says_degraded_is_not_healthy():
    found = judged(well(status="degraded"), rule=VECTORS_ONLY)
    assert not found.healthy
    assert found.reason == ("api: GET /health answered 200 but status is 'degraded', accepted is 'healthy' or 'ok'")


def test_everything_that_is_wrong_is_said():
    found = judged({"status": "ok", "services": {"vectors": "disconnected"}}, status=503)
    assert not found.healthy
    assert found.unhealthy == ("vectors", "cache")
    assert found.dependencies == {"vectors": "disconnected", "cache": None}
    assert found.reason == (
        "api: GET /health answered 503, accepted is 200; GET /health answered 503 but ready is None, accepted is True; "
        "dependency vectors is 'disconnected'; dependency cache is None"
    )


def test_a_dependency_is_found_by_its_path():
    rule = RULE.model_copy(update={"accept": {}, "dependencies": {"cache": RULE.dependencies["cache"]}})
    services = [{"name": "llm", "state": "down"}, {"name": "cache", "state": "warming"}]
    assert judged({"services": services}, rule=rule).healthy
    assert not judged({"services": services[:1]}, rule=rule).healthy


def test_a_rule_about_the_status_alone_needs_no_json():
    answer = Answer("api", "GET /health", 204, "", 0.1)
    assert health_report(answer, Health(status=[200, 204])).healthy
    assert health_report(answer, Health()).reason == "api: GET /health answered 204, accepted is 200"


def test_of_a_bad_status_without_json_nothing_more_is_said():
    found = health_report(Answer("api", "GET /health", 502, "Bad Gateway", 0.1), RULE)
    assert (found.healthy, found.unhealthy) == (False, ())
    assert found.reason == "api: GET /health answered 502, accepted is 200"


def test_where_a_redirect_points_is_said():
    there = {"location": "https://status.claude.com/api/v2/status.json?key=x"}
    answer = Answer("status", "GET /api/v2/status.json", 301, "", 0.1, there, "https://status.anthropic.com")
    assert health_report(answer, RULE).reason == (
        "status: GET /api/v2/status.json answered 301, accepted is 200; a redirect is not followed: it points to "
        'https://status.claude.com/api/v2/status.json; if that is the same component, write url = "https://status.claude.com"'
    )


def test_a_rule_about_the_body_needs_json():
    with pytest.raises(CallFailed) as caught:
        health_report(Answer("api", "GET /health", 200, "OK", 0.1), RULE)
    assert (caught.value.kind, str(caught.value)) == ("bad-answer", "api: GET /health answered no JSON: 'OK'.")


def ago(seconds, zone=dt.UTC):
    return dt.datetime.now(zone) - dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "stamp",
    [
        lambda: time.time() - 90,
        lambda: int(time.time() - 90),
        lambda: ago(90).isoformat(),
        lambda: ago(90).strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda: ago(90).replace(tzinfo=None).isoformat(),  # a naive time is taken as UTC
        lambda: ago(90, dt.timezone(dt.timedelta(hours=5))).isoformat(),
    ],
    ids=["epoch", "whole epoch", "ISO", "Z", "naive", "another zone"],
)
def test_the_age_is_counted_from_the_timestamp(stamp):
    assert judged({"at": {"time": stamp()}}, rule=Health(timestamp="at.time")).age_s == pytest.approx(90, abs=30)


@pytest.mark.parametrize("stamp", [None, "yesterday", "", True, [1], {}])
def test_a_timestamp_that_cannot_be_read_gives_no_age(stamp):
    assert judged({"at": stamp}, rule=Health(timestamp="at")).age_s is None


def test_a_moment_is_epoch_seconds():
    assert moment_of("2026-03-02T10:00:00+01:00") == 1772442000.0
    assert moment_of("2026-03-02 09:00:00") == 1772442000.0
    assert moment_of(1772442000) == 1772442000.0
    assert moment_of([3]) is None


def test_the_api_asks_the_route_that_its_profile_names(serve, client):
    server = serve(lambda request: {"state": "fine"} if request.path == "/up" else (404, ""))
    routes = {"alive": {"path": "/up"}}
    api = client("api", url=server.url, routes=routes, health={"route": "alive", "accept": {"state": ["fine"]}})
    assert api.health().healthy


def test_a_profile_without_health(client):
    with pytest.raises(Unsupported) as caught:
        client("api", url="http://rag.example").health()
    assert str(caught.value) == "api: its profile describes no health route."


def test_a_bad_status_with_a_page_in_place_of_json_is_still_told():
    page = Answer("api", "GET /health", 503, "<html>down</html>", 0.25)
    told = health_report(page, Health(accept={"status": ["ok"]}))
    assert not told.healthy
    assert "answered 503, accepted is 200" in told.reason


def test_the_age_of_a_health_body(serve, client):
    def age(body, **health):
        routes = {"health": {"path": "/health"}}
        return client("api", url=serve(lambda _: body).url, routes=routes, health=health or None).health_age()

    assert age({"at": time.time() - 90}, timestamp="at") == pytest.approx(90, abs=30)
    with pytest.raises(CallFailed) as unreadable:
        age({"at": "yesterday"}, timestamp="at")
    assert (unreadable.value.kind, str(unreadable.value)) == (
        "bad-answer",
        "api: the health body has no time that can be read at 'at'.",
    )
    for health in ({}, {"accept": {"status": ["ok"]}}):
        with pytest.raises(Unsupported) as caught:
            age({"at": time.time()}, **health)
        assert str(caught.value) == "api: its profile names no timestamp in its health."


READY = {
    "route": "ready",
    "accept": {"status": ["ready"]},
    "dependencies": {"cache": {"path": "cache", "accept": [True]}},
}
ROUTES = {"health": {"path": "/health"}, "ready": {"path": "/ready"}}


@pytest.fixture
def told(serve, client):
    """An API whose health says one word after another, the last one for good; and whose readiness is another route."""

    def told(*words, settles=60.0, **more):
        left = list(words)

        def answer(request):
            if request.path == "/ready":
                return {"status": "ready", "cache": False}
            return {"status": left.pop(0) if len(left) > 1 else left[0]}

        health = {"accept": {"status": ["ok"]}, "settles": settles}
        return client("api", url=serve(answer).url, routes=ROUTES, health=health, **more)

    return told


def test_readiness_may_stand_elsewhere(told):
    found = told("ok", ready=READY).dependencies()
    assert (found.healthy, found.unhealthy) == (False, ("cache",))
    assert found.reason == "api: dependency cache is False"


def test_a_service_is_given_time_to_settle(told):
    assert told("starting", "starting", "ok").until_healthy() > 0


def test_a_service_that_does_not_settle(told):
    with pytest.raises(CallFailed) as caught:
        told("starting", settles=0.06).until_healthy()
    assert caught.value.kind == "unhealthy"
    assert str(caught.value) == (
        "api: GET /health answered 200 but status is 'starting', accepted is 'ok'; it was given 60 ms to settle."
    )
