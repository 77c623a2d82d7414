"""The sandbox is changed as a deployment is: planned, acted on, taken back; what ended is not brought back."""

import json
import signal

import pytest

KEY = "--llmops-allow-disruption=demo"
FILE = """
[targets.demo]
profile = "ollama"
environment = "sandbox"
[targets.demo.components.redis]
[targets.demo.components.ollama.control]
driver = "docker"
container = "the-real-one"
"""
ACTS = """
def test_acts(change, llm):
    before = change.status("ollama")
    assert change.stop("ollama").state == "stopped"
    assert change.start("ollama").instance != before.instance
    assert change.kill("redis").state == "stopped"
    assert change.pause("ollama").state == "paused"

def test_all_is_back(change, llm):
    assert {change.status(name).state for name in ("ollama", "redis")} == {"running"}
    assert llm.generate("How long?", max_tokens=2)
"""
KILLED = """
import os, signal

def test_killed(change):
    change.stop("ollama")
    change.pause("redis")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def demo(project):
    project.write("llmops.toml", FILE)
    return project


def test_a_plan_tells_act_and_undo_of_the_part_and_not_of_the_real_one(demo, quick):
    demo.write("test_it.py", ACTS)
    assert quick("--llmops-plan", KEY).status == 0
    plan = json.loads((demo.reports / "plan.json").read_text())
    acts = plan["checks"][0]["disruption"]["acts"]
    assert [(act["act"], act["what"], act["driver"], act["undo"]) for act in acts] == [
        ("stop", "part llm of the sandbox", "sandbox", "start ollama"),
        ("start", "part llm of the sandbox", "sandbox", "stop ollama, unless it ran before"),
        ("kill", "part redis of the sandbox", "sandbox", "start redis, unless it is back by then"),
        ("pause", "part llm of the sandbox", "sandbox", "resume ollama"),
    ]


def test_what_is_done_to_it_is_taken_back(demo, quick):
    demo.write("test_it.py", ACTS)
    run = quick(KEY)
    assert run.status == 0, run.out
    assert [line.strip() for line in run.lines if "undoing" in line] == [
        "undoing stop and start and pause of ollama (part llm of the sandbox): back to running",
        "undoing kill of redis (part redis of the sandbox): back to running",
    ]


def test_of_one_that_ended_with_its_run_nothing_is_left_to_recover(demo, quick, recover):
    demo.write("test_it.py", KILLED)
    assert quick(KEY).status == -signal.SIGKILL
    assert "stop ollama (part llm of the sandbox): back to running" in recover("--plan").out
    done = recover()
    assert done.status == 0, done.out
    assert done.lines[1:] == [
        "  the sandbox has ended, and with it all that was changed: nothing is left to bring back",
        "demo is as it was",
    ]
    assert recover().lines == ["nothing is open: all changes were taken back"]


def test_nor_does_it_keep_the_next_run_from_beginning(demo, quick):
    demo.write("test_it.py", KILLED)
    assert quick(KEY).status == -signal.SIGKILL
    demo.write("test_it.py", ACTS)
    run = quick(KEY)
    assert run.status == 0, run.out
    assert not (demo.path / ".llmops" / "journal" / "demo.jsonl").exists()
    assert len(list((demo.path / ".llmops" / "journal" / "closed").iterdir())) == 2
