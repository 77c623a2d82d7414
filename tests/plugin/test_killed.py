"""Workers that are killed, and runs that are stopped: nothing lost, nothing counted twice, never green by accident."""

import json
import re
from collections import Counter
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

SETTINGS = "\n[targets.here.baseline]\nlooks = [10]\n"
NOTED = """
    import os, pathlib, signal

    def note(name):
        with pathlib.Path(__file__).with_name("started.txt").open("a") as file:
            file.write(f"{name}\\n")

    def die():
        os.kill(os.getpid(), signal.SIGKILL)
"""
SHARED = f"""{NOTED}
    import pytest

    @pytest.mark.parametrize("n", range(3))
    def test_lives(llm, n):
        note(f"test_lives[{{n}}]")

    def test_dies(llm):
        note("test_dies")
        die()
"""
ALONE = f"""{NOTED}
    import pytest

    def test_timed(measure, llm, prompts):
        note("test_timed")
        measure("answer", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)

    @pytest.mark.exclusive
    def test_dies_alone(llm):
        note("test_dies_alone")
        die()

    def test_timed_after(measure, llm, prompts):
        note("test_timed_after")
        measure("later", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
"""
LIVE = ["test_lives[0]", "test_lives[1]", "test_lives[2]", "test_timed", "test_timed_after"]
DEAD = ["test_dies", "test_dies_alone"]


@pytest.fixture(scope="module")
def killed(tmp_path_factory, projects, models):
    """A gated run in which a worker is killed among others, and one while it is alone."""
    project, model = projects(tmp_path_factory.mktemp("killed")), models()
    project.target(model.url, SETTINGS)
    project.pace()
    project.write("test_alone.py", ALONE)
    project.write("test_shared.py", SHARED)
    run = project.run("-n", "2", "--llmops-gate", "--alluredir=allure", "--junitxml=junit.xml", allure=True)
    model.end()
    return SimpleNamespace(
        run=run,
        started=(project.path / "started.txt").read_text().split(),
        allure=[json.loads(path.read_text()) for path in (project.path / "allure").glob("*-result.json")],
        junit=list(ET.parse(project.path / "junit.xml").iter("testcase")),
        summary=(project.reports / "summary.md").read_text(),
        benchmarks=json.loads((project.reports / "benchmark.json").read_text())["benchmarks"],
    )


def test_each_test_was_started_once(killed):
    assert Counter(killed.started) == dict.fromkeys([*LIVE, *DEAD], 1), killed.run.out


def test_the_run_is_red_and_says_which_worker_died_where(killed):
    run = killed.run
    assert (run.status, run.whole["exit_status"]) == (1, 1), run.out
    outcomes = {name: check["outcome"] for name, check in run.checks.items()}
    assert outcomes == dict.fromkeys(LIVE, "passed") | dict.fromkeys(DEAD, "error")
    for name, file in zip(DEAD, ("test_shared.py", "test_alone.py"), strict=True):
        check = run.checks[name]
        assert (check["category"], check["severity"]) == ("crashed", "critical")
        assert re.fullmatch(rf"worker 'gw\d' crashed while running '{file}::{name}'", check["reason"])
        assert f"CRASHED      {file}::{name}" in run.lines
        row = rf"^\| <code>{file}::{name}</code> \| crashed \| worker 'gw\d' crashed while"
        assert re.search(row, killed.summary, re.MULTILINE)
    assert run.whole["not_made"] == {"checks": 0, "timed": 0}


def test_what_was_timed_before_and_after_is_kept(killed):
    assert [one["name"] for one in killed.benchmarks] == ["answer", "answer.ttft", "later", "later.ttft"]
    assert {len(one["stats"]["data"]) for one in killed.benchmarks} == {10}


def test_allure_has_each_test_once(killed):
    def name(one):
        return next(label["value"] for label in one["labels"] if label["name"] == "check").rpartition("::")[2]

    assert {name(one): one["status"] for one in killed.allure} == (
        dict.fromkeys(LIVE, "passed") | dict.fromkeys(DEAD, "broken")
    )
    assert len(killed.allure) == len([*LIVE, *DEAD])


def test_junit_has_each_test_once(killed):
    found = [(case.get("name"), [part.tag for part in case]) for case in killed.junit]
    assert sorted(found) == sorted([*((name, ["properties"]) for name in LIVE), *((name, ["error"]) for name in DEAD)])


STOPPED = """
    import pytest

    @pytest.mark.parametrize("n", range(3))
    def test_red(llm, n):
        assert not llm.models()

    @pytest.mark.parametrize("n", range(2))
    def test_timed(measure, llm, prompts, n):
        measure("answer", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
"""


@pytest.mark.parametrize(
    ("words", "status", "made"),
    [(["-x"], 1, {1}), (["--maxfail=2"], 1, {2}), (["-n", "2", "--maxfail=2"], 2, {2, 3})],
    ids=["x", "maxfail", "maxfail-parallel"],
)
def test_a_stop_says_how_much_was_not_made_and_how_many_were_timed(project, model, words, status, made):
    project.target(model.url)
    project.write("test_it.py", STOPPED)
    run = project.run("--llmops-gate", *words)
    left = run.whole["not_made"]
    assert (run.status, run.whole["exit_status"]) == (status, status), run.out
    assert len(run.checks) in made
    assert {check["outcome"] for check in run.checks.values()} == {"failed"}
    assert left == {"checks": 5 - len(run.checks), "timed": 2}
    assert f"stopped      {left['checks']} of 5 checks were not made, 2 of them timed" in run.lines
    assert f"**{left['checks']} not made** (2 of them timed)" in (project.reports / "summary.md").read_text()


def test_where_all_are_alone_a_dead_worker_is_replaced(project, model):
    project.target(model.url, SETTINGS)
    project.pace()
    project.write("test_it.py", ALONE)
    run = project.run("-n", "1")
    outcomes = {name: check["outcome"] for name, check in run.checks.items()}
    assert outcomes == {"test_timed": "passed", "test_dies_alone": "error", "test_timed_after": "passed"}, run.out
    assert run.status == 1
