"""What a test costs, read from its source: also what looks at a component while, and after, it is acted on."""

import importlib.util
from collections import Counter
from types import SimpleNamespace

from pytest_llmops.plugin.cost import Asking
from pytest_llmops.plugin.reading import cost_of

SOURCE = """
def test_it(change, recovered, served, component):
    served("api", lambda: change.roll("api"))
    for _ in range(2):
        recovered(component, lambda: change.restart(component))
"""


def cost(source, tmp_path, names=(), tables=(), **asking):
    file = tmp_path / "test_cost_of_it.py"
    file.write_text(source)
    spec = importlib.util.spec_from_file_location("test_cost_of_it", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    known = Asking(dict(names), dict(tables), prompts=3, timed=lambda _: 0, **{"changes": True} | asking)
    return cost_of(SimpleNamespace(function=module.test_it), known)


def test_looks_at_what_is_acted_on_are_counted_beside_the_acts(tmp_path):
    found = cost(SOURCE, tmp_path, params={"component": "qdrant"})
    assert dict(found.operations) == {"api.health": 10, "qdrant.preflight": 2}
    assert found.changes == [("roll", "api"), ("restart", "qdrant")]


def test_a_restart_is_an_act_and_a_look(tmp_path):
    found = cost("def test_it(restarted):\n    restarted('api')\n", tmp_path)
    assert (dict(found.operations), found.changes) == ({"api.preflight": 1}, [("restart", "api")])


def test_what_an_operation_that_is_carried_out_records_is_read_too(tmp_path):
    source = "def test_it(carried_out, name):\n    carried_out('deploy')\n    carried_out(name, 'rollback')\n"
    found = cost(source, tmp_path, params={"name": "rollback-app"})
    assert found.carried_out == ["deploy", "rollback-app"]
    assert found.records == [
        {"name": name, "unit": "s"}
        for name in (
            "deploy_time",
            "deploy_downtime",
            "rollback_time[rollback-app]",
            "rollback_downtime[rollback-app]",
        )
    ]


def test_a_drill_is_named_by_the_tests_params_and_its_clients(tmp_path):
    source = """
def test_it(drill, change, qdrant, name):
    drill(f"{name}-gone", name, lambda: change.kill(name), recovery=lambda: change.start(name))
    drill("gone", qdrant.component, lambda: change.stop(qdrant.component), beside=[])
    drill(f"{other}-gone", other, lambda: change.stop(other))
"""
    tables = {"redis": SimpleNamespace(), "qdrant": SimpleNamespace()}
    found = cost(source, tmp_path, {"qdrant": "qdrant"}, tables, params={"name": "redis"})
    assert set(found.operations) == {"redis.preflight", "redis.probe", "qdrant.preflight", "qdrant.probe"}
    assert found.changes == [("kill", "redis"), ("start", "redis"), ("stop", "qdrant"), ("stop", "")]
    names = ["drill_detect[redis-gone]", "drill_rto[redis-gone]", "drill_detect[gone]", "drill_rto[gone]"]
    assert [one["name"] for one in found.records] == names


LOAD = """
def test_it(load_run, api, ollama, qdrant):
    load_run("a", api, route="query", rate=2, seconds=30)
    load_run("b", ollama, concurrency=3, calls=20, max_tokens=4)
    load_run("c", qdrant, rate=0.5, seconds=3)
    load_run("d", mix=[load_run.request(ollama, embed=True), load_run.request(api, weight=3)], stages=[
        Stage(seconds=4, rate=2, to=10), Stage(seconds=1, rate=16)
    ])
    load_run("e", api, **somehow)
"""


def test_load_costs_its_rate_times_its_time(tmp_path):
    tables = {"api": SimpleNamespace(routes={}), "ollama": SimpleNamespace(max_tokens=8), "qdrant": SimpleNamespace()}
    names = {name: name for name in tables}
    found = cost(LOAD, tmp_path, names, tables, changes=False)
    calls = {"api.query": 60 + 30, "ollama.generate": 20, "qdrant.search": 2, "ollama.embed": 10}
    assert dict(found.operations) == calls
    assert (found.tokens, found.timed_calls) == (80, sum(calls.values()))
    assert [one["name"] for one in found.measures] == ["a", "b", "c", "d", "e"]


def test_figures_around_steps_are_read_as_often_as_these_are_taken(tmp_path):
    source = """
def test_it(figures, record, traffic):
    figures.after_each("gauge", "counter", traffic.one_by_one(rounds=2))
    record.rise("open_files", traffic.one_by_one())
    record.figure("error_rate", during=traffic)
"""
    found = cost(source, tmp_path)
    assert Counter(found.figures) == {"gauge": 6, "counter": 7, "open_files": 4, "error_rate": 1}
    assert found.operations["api.query"] == 9
