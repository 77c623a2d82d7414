"""The fixture ``drill``: planned, recorded, drawn, and red in words of its own; what it breaks is taken back."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from pytest_llmops.judge import Store, load, write_candidate

KEY = "--llmops-allow-disruption=demo"
FILE = """
[targets.demo]
profile = "ollama"
environment = "sandbox"
[targets.demo.components.redis]
[targets.demo.thresholds."drill_rto[strict]"]
critical = "> 1 ms"
[targets.demo.thresholds."drill_detect[strict]"]
critical = "> 0 ms"
"""
DRILLS = """
def test_killed(drill, change):
    drilled = drill(
        "gone", "redis", lambda: change.kill("redis"), recovery=lambda: change.start("redis"), canary="redis", left_s=6
    )
    assert 0.1 <= drilled.left_s < 3
    assert drilled.loss.acknowledged > 20

def test_strict(drill, change):
    drill("strict", "redis", lambda: change.stop("redis"), recovery=lambda: change.start("redis"), canary="ollama")

def test_name(drill, change):
    drill("a/b", "redis", lambda: change.kill("redis"))

def test_left_to_the_undo(drill, change):
    drill("left", "redis", lambda: change.stop("redis"), within_s=0.5)

def test_nothing(drill, change):
    drill("nothing", "redis", lambda: None, within_s=0.5)
"""


@pytest.fixture
def demo(project):
    project.write("llmops.toml", FILE)
    project.write("test_it.py", DRILLS)
    return project


def test_a_plan_tells_what_is_broken_and_written(demo, quick):
    assert quick("--llmops-plan", KEY, "-k", "killed").status == 0
    [check] = json.loads((demo.reports / "plan.json").read_text())["checks"]
    assert [(act["act"], act["component"]) for act in check["disruption"]["acts"]] == [
        ("write", "redis"), ("kill", "redis"), ("start", "redis"),
    ]  # fmt: skip
    assert check["operations"] == {"redis.preflight": 3, "redis.probe": 20, "redis.write": 30}


def test_without_keys_none_is_made(demo, quick):
    run = quick("-k", "killed")
    assert run.status == 5, run.out
    assert "drill gone" not in run.out


def test_what_drills_come_to(demo, quick):
    run = quick(KEY)
    assert run.status == 1, run.out
    outcomes = {name: (check["outcome"], check["category"]) for name, check in run.checks.items()}
    assert outcomes == {
        "test_killed": ("passed", "no-baseline"),
        "test_strict": ("failed", "threshold"),
        "test_name": ("failed", "failed"),
        "test_left_to_the_undo": ("failed", "failed"),
        "test_nothing": ("failed", "failed"),
    }, run.out

    recorded = {metric["name"]: metric["value"] for metric in run.checks["test_killed"]["metrics"]}
    assert set(recorded) == {"drill_detect[gone]", "drill_rto[gone]", "drill_rpo[gone]"}
    assert "drill gone: redis is to be steady, broken, and seen to be so within 20 s; left so for 100 ms, " in run.out

    strict = run.checks["test_strict"]
    assert [metric["name"] for metric in strict["metrics"]] == ["drill_detect[strict]", "drill_rto[strict]"]
    assert "drill_detect[strict] is " in strict["reason"]
    assert "drill_rto[strict] is " in strict["reason"]

    reasons = {name: check["reason"] for name, check in run.checks.items()}
    assert reasons["test_name"].startswith("'a/b' cannot name a drill; write for example 'ollama-killed'.")
    assert reasons["test_left_to_the_undo"].startswith(
        "drill left: what was broken is not steady again 500 ms after the fault was observed: redis: PING was refused"
    )
    assert reasons["test_nothing"].startswith("drill nothing: the fault was not observed within 500 ms: none of ")
    assert [line.strip() for line in run.lines if "undoing stop of redis" in line] == [
        "undoing stop of redis (part redis of the sandbox): back to running"
    ]

    names = {path.name.partition("_")[0]: path for path in (demo.reports / "documents" / "demo").iterdir()}
    assert set(names) == {"drill-gone", "drill-strict", "drill-left", "drill-nothing"}
    pages = {path.name.partition("_")[0]: path.read_text() for path in names["drill-gone"].parent.glob("*.md")}
    assert ".svg)" in pages["drill-gone"]
    assert "| recovery point (RPO) | not known | nothing can be written to ollama" in pages["drill-strict"]
    assert "nobody noticed" in pages["drill-nothing"]


PROXIED = """
[targets.demo]
profile = "sandbox"
environment = "sandbox"
"""
SLOW = """
def test_slow(drill, change):
    proxy = change.proxy_between("api", "ollama")
    drilled = drill(
        "slow", "api", lambda: change.set(proxy, value="delay 30"), recovery=lambda: change.set(proxy, value="pass")
    )
    assert "llm" in drilled.observed

def test_left_to_the_undo(change, api):
    change.set("api-to-redis", value="refuse")
    assert not api.health().healthy
"""


def test_a_dependency_is_slow_until_its_proxy_passes_again(project, quick):
    project.write("llmops.toml", PROXIED)
    project.write("test_it.py", SLOW)
    run = quick(KEY)
    assert run.status == 0, run.out
    assert "drill slow: observed after " in run.out
    assert "of api-to-redis: back to 'pass'" in run.out


def _times(recording, times):
    """A recording, as if its values were so many times as high."""
    series = recording.metric.series
    higher = replace(series, values=tuple(times * value for value in series.values))
    return replace(recording, metric=replace(recording.metric, series=higher))


def test_a_drill_is_held_against_accepted_ones(demo, quick):
    run = quick(KEY, "-k", "killed", "--llmops-baseline=record")
    assert run.status == 0, run.out
    assert {metric["state"] for metric in run.checks["test_killed"]["metrics"]} == {"no-baseline"}
    (recorded,) = (demo.reports / "candidates").glob("demo-*.json")

    def accept(times):
        """Five runs, as if everything had taken so many times as long, on five days."""
        store = Store(demo.path / "baselines")
        for day in range(1, 6):
            made = load(recorded)
            then = tuple(_times(one, times) for one in made.recordings)
            earlier = made.recorded - timedelta(days=day)
            write_candidate(demo.path / "one.json", replace(made, recorded=earlier, recordings=then))
            store.accept(demo.path / "one.json", reason="as it was", by="ada")

    accept(times=100)
    run = quick(KEY, "-k", "killed")
    assert run.status == 0, run.out
    figures = {metric["name"]: metric for metric in run.checks["test_killed"]["metrics"]}
    assert figures["drill_rto[gone]"]["state"] == "improvement"
    shutil.rmtree(demo.path / "baselines")
    accept(times=1e-3)
    run = quick(KEY, "-k", "killed")
    assert run.status == 1, run.out
    check = run.checks["test_killed"]
    assert (check["outcome"], check["category"]) == ("failed", "regression")
    assert "drill_rpo[gone] is " in check["reason"]
    assert " times worse, and the accepted runs do not lie so far apart" in check["reason"]
