"""Triage's looks at real addresses: what is down, what is not well, what says nothing."""

import threading
import time

import pytest

from pytest_llmops.errors import CallFailed, HistoryError, Unsupported, Vacuous
from pytest_llmops.operate import looking
from pytest_llmops.operate.dead_addresses import AtDeadAddresses, looked_at_dead
from pytest_llmops.operate.findings import Finding
from pytest_llmops.operate.looking import Looking

MODELS = {"/v1/models": {"object": "list", "data": [{"id": "tiny"}]}}
STREAM = 'data: {"choices": [{"delta": {"content": "Paris"}}]}\n\ndata: [DONE]\n\n'
ANSWER = (200, STREAM, {"Content-Type": "text/event-stream"})


def toml(api, more=""):
    return f"""
[targets.here.components.api]
url = "{api}"
[targets.here.components.api.routes.health]
path = "/health"
[targets.here.components.api.health]
accept = {{ status = ["healthy"] }}
timestamp = "at"
[targets.here.components.api.health.dependencies]
vectors = {{ path = "vectors", accept = ["up"] }}
{more}
"""


def health(status="healthy", vectors="up"):
    return {"/health": {"status": status, "vectors": vectors, "at": 4_000_000_000}}


class Figures:
    """Figures from a table of numbers and errors."""

    def __init__(self, names=(), **known):
        self.known = known
        self.names = list(names or known)

    def prepare(self):
        """Nothing has to be done."""

    def read(self, name):
        found = self.known[name]
        if isinstance(found, Exception):
            raise found
        return found, "%"

    def usual(self, name):
        found = self.known[f"usual {name}"]
        if isinstance(found, Exception):
            raise found
        return found

    def takes_s(self, name):
        return 0.0

    def component(self, name):
        return "api"


def states(findings):
    return {one.title: one.state for one in findings}


def said(findings, title):
    return next(one.said for one in findings if one.title == title)


def test_what_is_well_is_found_well(read, clients, serve):
    server = serve({"/health": {"status": "healthy", "vectors": "up", "at": 0}})
    target = read(toml(server.url, "[targets.here.thresholds.health_age]\ntarget = '<= 1 d'\n"))
    findings = Looking(target, clients(target)).look()
    assert states(findings) == {
        "component api": "ok",
        "health api": "ok",
        "dependency api.vectors": "ok",
        "figure health_response_time": "ok",
        "figure health_age": "failed",
    }
    assert "the target is <= 1 d" in said(findings, "figure health_age")


def test_a_sick_body_is_found_with_the_dependency_that_it_names(read, clients, serve):
    target = read(toml(serve(health("degraded", "down")).url))
    findings = Looking(target, clients(target)).look()
    assert states(findings)["component api"] == "ok"
    assert said(findings, "health api").startswith("api: GET /health answered 200 but status is 'degraded'")
    assert said(findings, "dependency api.vectors") == "api: dependency vectors is 'down'"


def test_what_is_down_is_said_once_and_not_asked_again(read, clients, closed_port):
    target = read(toml(f"http://127.0.0.1:{closed_port}"))
    findings = Looking(target, clients(target), Figures(error_rate=1.0)).look()
    assert states(findings) == {"component api": "failed", "health api": "unknown", "figure error_rate": "unknown"}
    assert said(findings, "health api") == "api cannot be reached."
    assert said(findings, "figure error_rate") == "error_rate: api cannot be reached."
    assert {one.component for one in findings} == {"", "api"}
    assert all(one.applies for one in findings)


def test_what_a_target_has_nothing_to_say_of_is_told_from_what_could_not_be_looked_at(read, clients, serve):
    target = read(toml(serve(health()).url))
    figures = Figures(never=Unsupported("no such metric."), idle=Vacuous("nothing counted."), odd=ValueError("?"))
    found = {one.name: one for one in Looking(target, clients(target), figures).look() if one.kind == "figure"}
    assert [(found[name].state, found[name].applies) for name in ("never", "idle", "odd")] == [
        ("unknown", False),
        ("unknown", False),
        ("unknown", True),
    ]


def test_a_model_that_is_missing_is_named(read, clients, serve):
    server = serve({**MODELS, "/v1/chat/completions": ANSWER})
    target = read(
        f"[targets.here.components.openai]\nurl = '{server.url}'\nmodel = 'tiny'\nmodels = ['tiny', 'large']\n"
    )
    findings = Looking(target, clients(target)).look()
    assert said(findings, "models openai") == "openai: large missing"
    assert states(findings)["models openai"] == "failed"


LISTS = "[targets.here.components.openai]\nurl = '{}'\nmodel = 'tiny'\nmodels = ['tiny']\n"


def test_a_server_without_its_model_says_itself_that_it_is_missing(read, clients, serve):
    target = read(LISTS.format(serve({"/v1/models": {"object": "list", "data": []}}).url))
    findings = Looking(target, clients(target)).look()
    assert states(findings) == {"component openai": "failed", "models openai": "failed"}
    assert said(findings, "models openai") == "openai: tiny missing"


def test_which_models_a_server_has_that_is_away_nobody_knows(read, clients, closed_port):
    target = read(LISTS.format(f"http://127.0.0.1:{closed_port}"))
    findings = Looking(target, clients(target)).look()
    assert states(findings) == {"component openai": "failed", "models openai": "unknown"}


def test_figures_are_judged_by_their_thresholds(read, clients, serve):
    more = (
        "[targets.here.thresholds.error_rate]\nwarning = '> 1 %'\ncritical = '> 5 %'\nfor = '2m'\n"
        "[targets.here.thresholds.soft]\ntarget = '< 1 %'\non_target_miss = 'warn'\n"
    )
    target = read(toml(serve(health()).url, more))
    figures = Figures(
        error_rate=7.0, soft=2.0, other=1.0, idle=Vacuous("nothing counted."), gone=CallFailed("api", "http-404", "no.")
    )
    findings = {one.name: one for one in Looking(target, clients(target), figures).look() if one.kind == "figure"}
    assert (findings["error_rate"].level, findings["error_rate"].value) == ("critical", 7.0)
    assert findings["error_rate"].said == (
        "error_rate is 7 %; that is critical (> 5 %) (asked: for 2 min; breached, duration unproven)"
    )
    assert (findings["soft"].state, findings["soft"].level) == ("ok", "target")
    assert (findings["other"].state, findings["other"].said) == ("ok", "other is 1 %")
    assert (findings["idle"].state, findings["idle"].said) == ("unknown", "idle: nothing counted.")
    assert (findings["gone"].state, findings["gone"].said) == ("failed", "gone: no.")


def test_a_flag_that_a_person_raised_is_found(read, clients, serve):
    more = (
        "[[targets.here.severities]]\nname = 'P0'\nresponse = 0\nwhen = [{ says = 'x', flag = 'data-loss' }]\n"
        "[targets.here.incident]\nflags = ['data-loss']\n"
    )
    target = read(toml(serve(health()).url, more))
    findings = Looking(target, clients(target)).look()
    assert said(findings, "flag data-loss") == "data-loss: raised in llmops.toml: [targets.here.incident]"


def test_a_service_that_hangs_costs_no_more_than_there_is_time(read, clients, serve, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(looking, "REACH_S", 0.3)
    target = read(toml(serve({"/health": lambda: held.wait(5) and 200}).url))
    findings = Looking(target, clients(target)).look()
    held.set()
    assert said(findings, "component api") == "api: no answer within 300 ms"


def test_a_figure_that_takes_too_long_is_not_known(read, clients, serve, monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(looking, "READ_S", 0.3)

    class Slow(Figures):
        def read(self, name):
            held.wait(5)
            return super().read(name)

    target = read(toml(serve(health()).url))
    findings = Looking(target, clients(target), Slow(mean=1.0)).look()
    held.set()
    assert (states(findings)["figure mean"], said(findings, "figure mean")) == (
        "unknown",
        "mean: no answer within 300 ms",
    )


PARTS = """
[targets.here.components.redis]
url = "redis://127.0.0.1:6379"
[targets.here.components.qdrant]
url = "http://127.0.0.1:6333"
[targets.here.components.ollama]
url = "http://127.0.0.1:11434"
model = "tiny"
models = ["tiny"]
[targets.here.components.prometheus]
url = "http://127.0.0.1:9090"
[targets.here.components.files]
"""


def test_each_check_of_health_is_made_at_a_dead_address_and_fails_there(read, ledger, serve):
    server = serve(health())
    target = read(toml(server.url, PARTS))
    dead = looked_at_dead(target, ledger(target))
    assert states(dead.findings) == dict.fromkeys(
        [
            *(f"component {name}" for name in ("ollama", "qdrant", "redis", "api", "prometheus")),
            *(f"health {name}" for name in ("api", "qdrant", "redis")),
            "models ollama",
            "alert prometheus",
        ],
        "failed",
    )
    assert (dead.made, dead.blind, server.asked) == (10, [], [])
    for name in ("api", "qdrant"):  # it was asked, and not merely left out because preflight had failed
        assert "was refused: nothing listens there" in said(dead.findings, f"health {name}")


def test_a_check_whose_client_asks_another_address_is_blind(read, clients, serve, closed_port):
    live = read(toml(serve({"/health": {"status": "healthy", "vectors": "up", "at": 0}}).url))
    dead = read(toml(f"http://127.0.0.1:{closed_port}"))
    blind = AtDeadAddresses(tuple(Looking(dead, clients(live)).look_all_the_same())).blind
    assert [one.partition(": ")[0] for one in blind] == [
        "component api is ok",
        "health api is ok",
        "dependency api.vectors is ok",
        "figure health_response_time is ok",
    ]


def test_a_check_that_could_not_be_made_is_none_that_fails():
    unknown = Finding("health", "redis", "unknown", "redis: it does not say.")
    failed = Finding("health", "api", "failed", "api: GET /health was refused.")
    assert AtDeadAddresses((unknown, failed)).blind == ["health redis is unknown: it does not say."]


def test_a_target_without_an_address_has_no_check_to_try():
    with pytest.raises(Vacuous) as caught:
        AtDeadAddresses(()).made  # noqa: B018
    assert str(caught.value) == (
        "the target has no component with an address, so no check could be tried at a dead one."
    )


def test_a_slow_server_has_the_time_that_it_takes(read, clients, serve, monkeypatch):
    monkeypatch.setattr(looking, "READ_S", 0.1)

    class Slow(Figures):
        def read(self, name):
            time.sleep(0.3)
            return super().read(name)

        def takes_s(self, name):
            return 60.0

    target = read(toml(serve(health()).url, "[targets.here.thresholds.mean]\ncritical = '> 25 %'\n"))
    findings = Looking(target, clients(target), Slow(mean=31.0)).look()
    assert states(findings)["figure mean"] == "failed"
    monkeypatch.setattr(looking, "WHOLE_S", 0.0)  # but no more than there is for all of it
    assert states(Looking(target, clients(target), Slow(mean=31.0)).look())["figure mean"] == "unknown"


RISES = (
    "[[targets.here.severities]]\nname = 'P1'\nresponse = 60\n"
    "when = [{ says = 'Slower by half', figure = 'mean', rise = 50 }]\n"
)


def test_a_figure_is_held_against_its_past(read, clients, serve):
    target = read(toml(serve(health()).url, RISES))

    def found(usual):
        findings = Looking(target, clients(target), Figures(["mean"], **{"mean": 6.0, "usual mean": usual})).look()
        return next(one for one in findings if one.name == "mean.rise")

    slower, same = found(3.0), found(5.0)
    assert (slower.state, slower.value, slower.said) == ("failed", 100.0, "mean is 6 %, 100 % above its usual 3 %")
    assert (same.state, same.said) == ("ok", "mean is 6 %, 20 % above its usual 5 %")
    never, unread = found(Vacuous("recorded 2 times.")), found(HistoryError("the history is locked."))
    assert (never.state, never.applies, never.said) == ("unknown", False, "mean: recorded 2 times.")
    assert (unread.state, unread.applies) == ("unknown", True)


READY = """
[targets.here.components.api.routes.ready]
path = "/ready"
[targets.here.components.api.ready]
route = "ready"
[targets.here.components.api.ready.dependencies]
translation_model = { path = "translation", accept = [true] }
summary_model = { path = "summary", accept = [true] }
"""


def test_what_another_route_says_of_dependencies_is_found_too(read, clients, serve):
    server = serve({**health(), "/ready": {"translation": False, "summary": True}})
    target = read(toml(server.url, READY))
    findings = Looking(target, clients(target)).look()
    assert states(findings)["dependency api.translation_model"] == "failed"
    assert states(findings)["dependency api.summary_model"] == "ok"
    assert said(findings, "dependency api.translation_model") == "api: dependency translation_model is False"


def test_a_route_of_dependencies_that_does_not_answer_is_a_failure(read, clients, serve):
    target = read(toml(serve({**health(), "/ready": 500}).url, READY))
    findings = Looking(target, clients(target)).look()
    assert said(findings, "dependency api").startswith("api: GET /ready answered 500")
