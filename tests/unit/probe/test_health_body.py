import datetime as dt
import time

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.probe.health import read

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(["ok", "down", "UP"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["status", "state", "services", "checks", "name", "healthy", "db", "time", "data"])
            | st.text(),
            inner,
        )
    ),
)


@given(JSON)
def test_every_path_that_is_proposed_is_there(body):
    found = read(body)
    states = [*found.dependencies.values(), *([found.status] if found.status else [])]
    for one in states:
        assert jmespath.search(one.path, body) == one.value
    assert found.timestamp is None or jmespath.search(found.timestamp, body) is not None


@pytest.mark.parametrize(
    ("body", "path", "accept"),
    [
        ({"status": "ok"}, "status", ("ok",)),
        ({"status": "UP", "groups": ["liveness"]}, "status", ("UP",)),
        ({"Status": "Healthy"}, "Status", ("Healthy",)),
        ({"state": "running"}, "state", ("running",)),
        ({"healthy": True}, "healthy", (True,)),
        ({"ok": True}, "ok", (True,)),
        ({"status": {"indicator": "none", "description": "All Systems Operational"}}, "status.indicator", ("none",)),
        ({"health": {"status": "pass"}}, "health.status", ("pass",)),
        ({"data": {"status": "green"}}, "data.status", ("green",)),
        ({"overall-status": "operational"}, '"overall-status"', ("operational",)),
        ({"status": "success", "state": "weird"}, "status", ("success",)),
    ],
)
def test_a_good_word_is_what_is_accepted(body, path, accept):
    found = read(body)
    assert (found.status.path, found.status.good, found.status.accept) == (path, True, accept)
    assert found.sick == []


@pytest.mark.parametrize(
    ("body", "accept", "sick"),
    [
        ({"status": "degraded"}, ("healthy", "ok"), "status is 'degraded'"),
        ({"status": "DOWN"}, ("UP", "OK", "HEALTHY"), "status is 'DOWN'"),
        ({"status": "Unhealthy"}, ("Healthy", "Ok"), "status is 'Unhealthy'"),
        ({"status": "fail"}, ("pass", "ok", "healthy"), "status is 'fail'"),
        ({"status": "not_ready"}, ("ready", "ok", "healthy"), "status is 'not_ready'"),
        ({"healthy": False}, (True,), "healthy is False"),
        ({"status": {"indicator": "critical"}}, ("none",), "status.indicator is 'critical'"),
    ],
)
def test_for_a_bad_word_the_good_ones_are_accepted(body, accept, sick):
    found = read(body)
    assert (found.status.good, found.status.accept, found.sick) == (False, accept, [sick])


def test_a_word_that_is_not_known_is_neither():
    found = read({"status": "warming"})
    assert (found.status.good, found.status.accept, found.sick) == (None, (), [])


@pytest.mark.parametrize("body", [None, [], "ok", 1, {}, {"uptime": 5}, {"status": 200}, {"status": ""}])
def test_a_body_that_says_nothing(body):
    assert read(body).status is None


def test_dependencies_by_name():
    found = read(
        {
            "status": "ok",
            "services": {"vector-db": "connected", "llm": {"status": "down", "latency_ms": 3}, "cache": True, "n": 4},
            "checks": {"disk:use": [{"status": "pass"}], "empty": []},
            "database": "connected",
            "model_loaded": True,
            "debug": True,
            "mode": "live",
            "version": "ok",
        }
    )
    assert {name: (one.path, one.accept) for name, one in found.dependencies.items()} == {
        "vector-db": ('services."vector-db"', ("connected",)),
        "llm": ("services.llm.status", ("up", "ok", "healthy")),
        "cache": ("services.cache", (True,)),
        "disk:use": ('checks."disk:use"[0].status', ("pass",)),
        "database": ("database", ("connected",)),
        "model_loaded": ("model_loaded", (True,)),
    }
    assert found.sick == ["llm is 'down'"]


def test_dependencies_in_a_list():
    body = {"components": [{"name": "it's", "status": "up"}, {"name": "db", "state": "down"}, {"name": "x\\y"}, 3]}
    found = read(body)
    assert {name: jmespath.search(one.path, body) for name, one in found.dependencies.items()} == {
        "it's": "up",
        "db": "down",
    }


def test_spring_and_aspnet():
    spring = read({"status": "UP", "components": {"db": {"status": "UP", "details": {"database": "H2"}}}})
    assert spring.dependencies["db"].path == "components.db.status"
    aspnet = read({"status": "Healthy", "totalDuration": "00:00:01", "entries": {"sql": {"status": "Degraded"}}})
    assert aspnet.dependencies["sql"].accept == ("Healthy", "Ok")


@pytest.mark.parametrize(
    "stamp",
    [
        time.time,
        lambda: time.time() * 1000,
        lambda: dt.datetime.now(dt.UTC).isoformat(),
        lambda: dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z"),
    ],
)
def test_a_time_of_now(stamp):
    found = read({"timestamp": stamp()})
    assert found.timestamp == "timestamp"
    assert abs(found.age_s) < 5
    assert found.stale == ""


def test_a_time_that_is_old():
    assert read({"checkedAt": "2024-01-01T00:00:00Z"}).stale.endswith(" days")
    assert read({"time": time.time() - 600}).stale == "10 min"


@pytest.mark.parametrize("body", [{"time": 0.002}, {"timestamp": "soon"}, {"time": True}, {"started_at": 1.7e9}])
def test_what_is_no_time(body):
    assert read(body).timestamp is None
