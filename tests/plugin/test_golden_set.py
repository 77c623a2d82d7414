"""A golden set in a run: asked once, judged, kept as a baseline, and held against it; each outcome is told as such."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
    import pytest

    pytestmark = [pytest.mark.daily, pytest.mark.generic]

    def test_all(golden_set, pass_gate):
        pass_gate("golden_answers", golden_set)

    def test_texts(golden_set, pass_gate):
        pass_gate("right_texts", golden_set.expecting("contains"))

    def test_figures(golden_set, pass_gate):
        pass_gate("right_figures", golden_set.expecting("numbers"))
"""
CASES = "\n".join(
    json.dumps({"id": f"q{at}", "prompt": f"{at}?", "tags": [word], "expect": {"contains": word}})
    for at, word in enumerate(["Paris", "France"] * 10)
)
LOW = '\n[targets.here.golden]\nfiles = ["golden.jsonl"]\nrepeats = 2\npass_rate = 0.3\n'
HIGH = LOW.replace("0.3", "0.9")


@pytest.fixture(scope="module")
def steps(tmp_path_factory, projects, models):
    """The runs, in one project: all is right; accepted; half of it is wrong, by a low limit and by a high one; lost."""
    project, model = projects(tmp_path_factory.mktemp("golden")), models()
    project.write("test_it.py", TESTS)
    project.target(model.url)
    runs = {"without": project.run()}
    project.write("golden.jsonl", CASES)
    project.target(model.url, LOW)
    model.text = "Paris, France"
    runs["right"] = project.run("--llmops-baseline=record")
    llmops = Path(sys.executable).with_name("llmops")
    words = [llmops, "baseline", "accept", "--reason", "first", "--by", "sre"]
    runs["accepted"] = subprocess.run(words, cwd=project.path, capture_output=True, text=True, check=False)
    runs["same"] = project.run("-n", "2")
    model.text = "Paris"
    runs["half"] = project.run("--llmops-baseline=record")
    diff = [llmops, "baseline", "diff"]
    runs["diff"] = subprocess.run(diff, cwd=project.path, capture_output=True, text=True, check=False)
    project.target(model.url, HIGH)
    runs["too few"] = project.run()
    waiver = '[[targets.here.golden.waivers]]\ncase = "q1"\nreason = "known"\nowner = "sre"\nuntil = 2999-01-01\n'
    project.target(model.url, f"{LOW}{waiver}")
    runs["waived"] = project.run()
    model.text, model.status = "", 200
    runs["empty"] = project.run()
    model.end()
    return runs


def test_without_a_dataset_it_is_unsupported(steps):
    assert {check["category"] for check in steps["without"].checks.values()} == {"unsupported"}
    assert "has no golden dataset" in steps["without"].checks["test_all"]["reason"]


def test_it_is_asked_once_and_judged_by_each_test(steps):
    checks = steps["right"].checks
    assert [checks[name]["category"] for name in ("test_all", "test_texts")] == ["no-baseline", "no-baseline"]
    assert checks["test_figures"]["category"] == "vacuous"
    assert steps["right"].whole["spent"]["requests"] - 40 < 6
    metric = checks["test_all"]["metrics"][0]
    assert (metric["name"], metric["value"], metric["n"]) == ("golden_answers", 100.0, 40)
    assert [one["name"] for one in checks["test_all"]["metrics"][1:]] == [
        "golden_answers[France]",
        "golden_answers[Paris]",
    ]
    assert len(checks["test_all"]["documents"]) == 1


def test_what_was_accepted_is_what_it_is_held_against(steps):
    assert steps["accepted"].returncode == 0, steps["accepted"].stderr
    same = steps["same"].checks["test_all"]
    assert (same["outcome"], same["metrics"][0]["state"], same["metrics"][0]["baseline"]) == ("passed", "ok", 100.0)
    assert steps["same"].whole["spent"]["requests"] - 40 < 8


def test_fewer_right_cases_are_a_regression(steps):
    check = steps["half"].checks["test_all"]
    assert (check["outcome"], check["category"], check["metrics"][0]["state"]) == ("failed", "regression", "regression")
    assert "fell: q1, q3, q5, q7, q9 and 5 more" in check["reason"]
    assert "q1: contains: the answer lacks 'France'" in check["reason"]
    assert "golden_answers: 50.0% of 40 answers to 20 cases passed" in " ".join(steps["diff"].stdout.split())


def test_a_rate_below_the_limit_is_a_breach_and_tells_whose_limit(steps):
    check = steps["too few"].checks["test_all"]
    assert (check["outcome"], check["category"], check["severity"]) == ("failed", "threshold", "normal")
    assert check["metrics"][0]["threshold"] == {"target": ">= 90 %", "broken": ">= 90 %"}
    assert "  limit: golden.pass_rate" in steps["too few"].out


def test_a_waived_case_is_told(steps):
    said = "q1 is waived until 2999-01-01 by sre: known"
    assert f"golden dataset: {said}" in steps["waived"].out
    assert steps["waived"].checks["test_all"]["metrics"][0]["reason"].endswith(said)


def test_empty_answers_are_wrong_ones(steps):
    assert "the answer is empty" in steps["empty"].checks["test_all"]["reason"]


def test_a_tag_and_its_kinds_are_all_judged_before_one_fails(project, model):
    project.write("golden.jsonl", CASES.replace('"tags": ["', '"tags": ["all", "'))
    rates = "[targets.here.golden.rates]\ncontains = 0.8\n"
    tagged = """
    def test_tag(golden_set, pass_gate):
        pass_gate("all_of_it", golden_set.tagged("all"))
    """
    project.write("test_it.py", TESTS.partition("    def ")[0] + tagged)
    project.target(model.url, f"{HIGH}{rates}")
    model.text = "Paris"
    check = project.run().checks["test_tag"]
    assert (check["category"], check["severity"]) == ("threshold", "normal")
    assert {one["name"] for one in check["metrics"]} >= {"all_of_it", "all_of_it_contains"}
    assert "all_of_it: 50.0% of" in check["reason"]
    assert "all_of_it_contains: 50.0% of" in check["reason"]


def test_without_a_package_only_what_needs_it_is_red(project, model):
    first = json.loads(CASES.splitlines()[0])
    first["expect"]["numbers"] = {"facts": ["7 bridges"]}
    cases = "\n".join([json.dumps(first), *CASES.splitlines()[1:]])
    project.write("conftest.py", 'import sys\n\nsys.modules["babel"] = None\n')
    project.write("test_it.py", TESTS)
    project.write("golden.jsonl", cases)
    project.target(model.url, LOW)
    model.text = "Paris, France"
    run = project.run()
    lacking = "reading figures needs babel: run pip install 'pytest-llmops[quality]'."
    assert {name: (check["category"], lacking in check["reason"]) for name, check in run.checks.items()} == {
        "test_all": ("not-installed", True),
        "test_texts": ("no-baseline", False),
        "test_figures": ("not-installed", True),
    }, run.out
