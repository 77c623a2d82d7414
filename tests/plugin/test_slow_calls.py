"""A system whose every call takes more than a second: ten calls of each workload, and a verdict all the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
    import pytest

    @pytest.mark.daily
    def test_models(llm):
        assert llm.models()

    @pytest.mark.daily
    def test_speed(measure, llm, prompts):
        measure("speed", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
"""
USUAL_S, SLOW_S = 1.05, 1.05 * 1.6


@pytest.fixture(scope="module")
def runs(tmp_path_factory, projects, models):
    """A recorded run, and one at 1.6 times the time; with what each of them timed."""
    project, model = projects(tmp_path_factory.mktemp("slow")), models()
    project.target(model.url, '\n[targets.here.baseline]\nprimary = ["speed", "speed.p95"]\n')
    project.write("test_it.py", TESTS)
    project.pace(**{model.url: USUAL_S})
    recorded = project.run("--llmops-baseline=record", "-n2")
    recorded.timed = _timed(model)
    accept = [Path(sys.executable).with_name("llmops"), "baseline", "accept", "--reason", "first", "--by", "sre"]
    subprocess.check_output(accept, cwd=project.path, env=project.environ())
    project.pace(**{model.url: SLOW_S})
    slower = project.run("--llmops-gate")
    slower.timed = _timed(model)
    model.end()
    return recorded, slower


def _timed(model):
    """How many timed calls the server has seen since it was last asked."""
    agents = [agent for _, agent in model.asked]
    model.asked.clear()
    return sum("(measure)" in agent for agent in agents)


def _metrics(run):
    return {metric["name"]: metric for metric in run.checks["test_speed"]["metrics"]}


def test_ten_calls_make_a_baseline(runs):
    recorded, _ = runs
    # the component has answered before; the worker that runs alone may not have called it yet
    assert recorded.timed in {10, 11}
    assert (recorded.status, _metrics(recorded)["speed"]["state"], _metrics(recorded)["speed"]["n"]) == (
        0,
        "no-baseline",
        10,
    )


def test_a_regression_takes_ten_calls_and_ten_that_confirm_it(runs):
    _, slower = runs
    found = _metrics(slower)["speed"]
    assert (slower.status, found["state"], found["n"], slower.timed) == (10, "regression", 20, 20)
    assert found["ratio"] == pytest.approx(1.6, rel=0.02)
    assert re.match(
        r"speed is 1\.\d\d times slower than its baseline \(95 % limits 1\.\d\d to \d\.\d\d\): 1\.\d+ s now, "
        r"1\.\d+ s then; 20 calls against the accepted run of ",
        slower.checks["test_speed"]["reason"],
    )


def test_no_tail_is_judged_and_that_is_said(runs):
    for run, calls in zip(runs, (10, 20), strict=True):
        tail = _metrics(run)["speed.p95"]
        assert (tail["state"], tail["value"], tail["n"]) == ("recorded", None, calls)
        assert "not judged" in run.checks["test_speed"]["notes"]


def test_the_announcement_says_what_slow_calls_change(runs):
    for run in runs:
        assert "llmops: the timed test may take 7 min, and makes 10 calls at first where one takes more than 1 s" in (
            run.lines
        )
