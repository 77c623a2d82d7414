"""Triage's looks at real addresses: what is down, what is not well, what says nothing."""

import threading

import pytest

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.operate import looking
from pytest_llmops.operate.dead_addresses import looked_at_dead
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

    def __init__(self, **known):
        self.known = known
        self.names = list(known)

    def prepare(self):
        """Nothing has to be done."""

    def read(self, name):
        found = self.known[name]
        if isinstance(found, Exception):
            raise found
        return found, "%"

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


@pytest.mark.parametrize("scheme", ["api", "redis"])
def test_no_check_of_health_is_well_at_a_dead_address(read, ledger, serve, scheme):
    more = "[targets.here.components.redis]\nurl = 'redis://127.0.0.1:6379'\n" if scheme == "redis" else ""
    server = serve(health())
    target = read(toml(server.url, more))
    findings = looked_at_dead(target, ledger(target))
    assert {one.state for one in findings} == {"failed", "unknown"}
    assert states(findings)["component api"] == "failed"
    assert server.asked == []
