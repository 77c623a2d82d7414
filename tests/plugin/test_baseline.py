"""The five steps of a baseline: none yet, recorded, accepted and the same, slower, recorded while slower."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
    import pytest

    @pytest.mark.daily
    @pytest.mark.generic
    @pytest.mark.procedure("voyageur.evening-review.benchmark")
    def test_generation(measure, llm, prompts):
        measure("generation", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
"""
USUAL_S, SLOW_S = 0.04, 0.064
SENTENCE = (
    r"generation is 1\.\d\d times slower than its baseline \(95 % limits 1\.\d\d to [12]\.\d\d\): \d+ ms now, "
    r"\d+ ms then; 60 calls against the accepted run of \d{4}-\d\d-\d\d \d\d:\d\d"
)
SETTINGS = '\n[targets.here.baseline]\nprimary = ["generation"]\n'


@pytest.fixture(scope="module")
def steps(tmp_path_factory, projects, models):
    """The runs of the five steps, in one project."""
    project, model = projects(tmp_path_factory.mktemp("five-steps")), models()
    project.target(model.url, SETTINGS)
    project.write("test_it.py", TESTS)
    model.delay_s = USUAL_S
    runs = {"none": project.run("-rA"), "recorded": project.run("--llmops-baseline=record", "--llmops-gate")}
    accept = [Path(sys.executable).with_name("llmops"), "baseline", "accept", "--reason", "first", "--by", "sre"]
    runs["accepted"] = subprocess.check_output(accept, cwd=project.path, env=project.environ(), text=True)
    runs["same"] = project.run("--llmops-gate")
    model.delay_s = SLOW_S
    runs["slow"] = project.run("--llmops-gate", "--alluredir=allure", allure=True)
    runs["slow and recorded"] = project.run("--llmops-baseline=record")
    model.end()
    return {**runs, "project": project}


def _metric(run, name="generation"):
    return next(metric for metric in run.checks["test_generation"]["metrics"] if metric["name"] == name)


def _candidates(steps):
    return sorted((steps["project"].reports / "candidates").iterdir())


def test_without_a_baseline_it_passes_with_a_note(steps):
    run = steps["none"]
    check = run.checks["test_generation"]
    assert (run.status, check["outcome"], check["category"]) == (0, "passed", "no-baseline")
    assert (_metric(run)["state"], _metric(run)["n"]) == ("no-baseline", 30)


def test_recording_writes_a_candidate_and_turns_nothing_green(steps):
    run = steps["recorded"]
    assert run.status == 11
    assert _metric(run)["state"] == "no-baseline"
    written = _candidates(steps)[0]
    assert f"written: {written.relative_to(steps['project'].path)}" in run.lines
    names = [entry["name"] for entry in json.loads(written.read_text())["benchmarks"]]
    assert "generation" in " ".join(names)


def test_accepting_says_what_became_of_it(steps):
    (baseline,) = (steps["project"].path / "baselines" / "here").glob("*.json")
    assert f"as {baseline}" in "".join(steps["accepted"].split("\n")).replace("  ", " ")
    assert json.loads(baseline.read_text())["llmops"]["accepted"]["reason"] == "first"


def test_the_same_speed_passes(steps):
    run = steps["same"]
    assert run.status == 0, run.out
    assert _metric(run)["state"] == "ok"
    assert _metric(run)["baseline"] >= USUAL_S
    assert _metric(run)["low"] < 1 < _metric(run)["high"]


def test_a_slower_server_fails_the_test_that_measured_it(steps):
    run = steps["slow"]
    check = run.checks["test_generation"]
    assert (run.status, check["outcome"], check["category"]) == (10, "failed", "regression")
    assert (_metric(run)["state"], _metric(run)["n"]) == ("regression", 60)
    assert _metric(run)["ratio"] == pytest.approx(SLOW_S / USUAL_S, rel=0.1)
    assert re.fullmatch(SENTENCE, check["reason"].splitlines()[0])
    assert "Traceback" not in run.out


def test_recording_a_slower_server_still_fails(steps):
    run = steps["slow and recorded"]
    assert (run.status, run.checks["test_generation"]["category"]) == (1, "regression")
    assert len(_candidates(steps)) == 2
    assert len(list((steps["project"].path / "baselines" / "here").iterdir())) == 1


def test_allure_has_our_sentence_the_runbooks_labels_and_the_picture(steps):
    folder = steps["project"].path / "allure"
    (result,) = [json.loads(path.read_text()) for path in folder.glob("*-result.json")]
    labels = {label["name"]: label["value"] for label in result["labels"]}
    assert result["status"] == "failed"
    assert result["statusDetails"]["message"] == steps["slow"].checks["test_generation"]["reason"]
    assert labels.items() >= {"feature": "daily", "severity": "normal", "epic": "here"}.items()
    assert labels["story"]
    (picture,) = result["attachments"]
    assert (picture["name"], picture["type"]) == ("generation: now against baseline", "image/svg+xml")
    drawn = (folder / picture["source"]).read_text()
    assert drawn.startswith("<svg")
    assert "regression" in drawn
