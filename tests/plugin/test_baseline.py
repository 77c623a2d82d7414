"""The steps of a baseline: none yet, recorded, accepted and the same, slower, recorded while slower, the new normal."""

import json
import re
import shutil
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
    r"\d+ ms then; 60 calls against the accepted run of \d{4}-\d\d-\d\d \d\d:\d\d; "
    r"last good: \d+ ms on \d{4}-\d\d-\d\d \d\d:\d\d"
)
SETTINGS = '\n[targets.here.baseline]\nprimary = ["generation"]\nlooks = [30]\n'


@pytest.fixture(scope="module")
def steps(tmp_path_factory, projects, models):
    """The runs of the five steps, in one project."""
    project, model = projects(tmp_path_factory.mktemp("five-steps")), models()
    project.target(model.url, SETTINGS)
    project.write("test_it.py", TESTS)
    project.pace(**{model.url: USUAL_S})
    runs = {"none": project.run("-rA"), "recorded": project.run("--llmops-baseline=record", "--llmops-gate")}
    runs["accepted"] = _accept(project).stdout
    runs["same"] = project.run("--llmops-gate")
    project.pace(**{model.url: SLOW_S})
    runs["slow"] = project.run("--llmops-gate", "--alluredir=allure", allure=True)
    runs["slow and recorded"] = project.run("--llmops-baseline=record")
    runs["refused"], runs["replaced"] = _accept(project), _accept(project, "--replace")
    runs["the new normal"] = project.run("--llmops-gate")
    model.end()
    return {**runs, "project": project}


def _accept(project, *words):
    accept = [
        Path(sys.executable).with_name("llmops"),
        "baseline",
        "accept",
        "--reason",
        "first",
        "--by",
        "sre",
        *words,
    ]
    return subprocess.run(
        accept, cwd=project.path, env=project.environ(COLUMNS="200"), capture_output=True, text=True, check=False
    )


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
    (baseline,) = (steps["project"].path / "baselines" / "here").glob("0001_*.json")
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
    assert _metric(run)["ratio"] == pytest.approx(SLOW_S / USUAL_S, rel=0.02)
    assert re.fullmatch(SENTENCE, check["reason"].splitlines()[0])
    assert "Traceback" not in run.out


def test_recording_a_slower_server_still_fails(steps):
    run = steps["slow and recorded"]
    assert (run.status, run.checks["test_generation"]["category"]) == (1, "regression")
    assert len(_candidates(steps)) == 2


def test_a_slower_run_does_not_join_a_faster_one_unless_it_replaces_it(steps):
    refused, replaced = steps["refused"], steps["replaced"]
    assert refused.returncode == 1
    assert re.search(
        r"\n  generation: here-\d{8}T\d{6}\.json is 1\.\d\d times slower than 0001; runs of one normal differ by "
        r"1\.\d\d at most\n",
        refused.stderr,
    )
    assert (replaced.returncode, replaced.stderr) == (0, "")
    assert re.search(r"\ngeneration is 1\.\d+ times slower: \d\d ms now, \d\d ms then\n", replaced.stdout)
    folder = steps["project"].path / "baselines" / "here"
    assert [path.name[:4] for path in sorted(folder.iterdir())] == ["0001", "0002"]
    run = steps["the new normal"]
    assert (run.status, _metric(run)["state"]) == (0, "ok"), run.out
    assert _metric(run)["baseline"] >= SLOW_S


def test_allure_has_our_sentence_the_runbooks_labels_and_the_picture(steps):
    folder = steps["project"].path / "allure"
    (result,) = [json.loads(path.read_text()) for path in folder.glob("*-result.json")]
    labels = {label["name"]: label["value"] for label in result["labels"]}
    assert result["status"] == "failed"
    assert result["statusDetails"]["message"] == steps["slow"].checks["test_generation"]["reason"]
    assert labels.items() >= {"feature": "daily", "severity": "normal", "epic": "here"}.items()
    assert labels["story"]
    picture, call = result["attachments"]
    assert (call["name"], call["type"]) == ("the last call, to be repeated", "text/plain")
    assert (picture["name"], picture["type"]) == ("generation: now against baseline", "image/svg+xml")
    drawn = (folder / picture["source"]).read_text()
    assert drawn.startswith("<svg")
    assert "regression" in drawn


def test_serial_and_parallel_runs_leave_the_same_file_for_pytest_benchmark(project, model):
    project.target(model.url)
    model.delay_s = 0.02
    project.pace()  # which is measured
    project.write("test_b.py", TESTS)
    project.write("test_a.py", TESTS.replace("generation", "answering"))
    shapes = []
    for words in ([], ["-n2"]):
        run = project.run(*words)
        assert "written: reports/benchmark.json" in run.lines, run.out
        entries = json.loads((project.reports / "benchmark.json").read_text())["benchmarks"]
        assert min(min(one["stats"]["data"]) for one in entries) >= model.delay_s
        shapes.append([(one["fullname"], len(one["stats"]["data"]), sorted(one["extra_info"])) for one in entries])
        shutil.copy(project.reports / "benchmark.json", project.path / f"{len(shapes)}.json")
    assert shapes[0] == shapes[1]
    assert [name.rpartition("::")[2] for name, *_ in shapes[0]] == [
        "answering", "answering.ttft", "generation", "generation.ttft",
    ]  # fmt: skip
    compare = [sys.executable, "-m", "pytest_benchmark", "compare", "1.json", "2.json"]
    done = subprocess.run(compare, cwd=project.path, capture_output=True, text=True, check=True)
    assert done.stdout.count("\ngeneration.ttft (") == 2
    accepted = _accept(project, "1.json")
    assert (accepted.returncode, accepted.stderr) == (0, "")


@pytest.mark.parametrize("words", [[], ["-n2"], ["--llmops-gate"]], ids=["serial", "parallel", "gated"])
def test_a_damaged_baseline_stops_the_run_before_anything_is_sent(project, model, clone, words):
    project.target(model.url)
    project.write("test_it.py", TESTS)
    whole = next((clone / "baselines" / "sandbox").glob("0001_*.json")).read_text()
    path = project.write("baselines/here/0001_20260302T093000Z.json", "")
    path.write_text(whole[:303])
    run = project.run(*words)
    assert run.status == 4, run.out
    with pytest.raises(json.JSONDecodeError) as damage:
        json.loads(whole[:303])
    assert (
        f"ERROR: {path} is damaged: it is no readable JSON ({damage.value}). Restore it from version control, or "
        "delete it and accept a new run; it was not changed."
    ) in run.lines
    assert model.asked == []
    assert path.read_text() == whole[:303]


def test_a_number_of_the_teams_own_that_is_not_there_stops_the_run_too(project, model):
    point = "{ file = 'own.json', value = 'p95', unit = 'ms' }"
    project.target(model.url, f"[targets.here.baseline.points]\ngeneration = {point}\n")
    project.write("test_it.py", TESTS)
    run = project.run()
    assert run.status == 4, run.out
    assert (
        f'ERROR: baseline.points."generation": there is no file {project.path}/own.json; give its path relative to '
        "llmops.toml."
    ) in run.lines
    assert model.asked == []
