"""A gated run whose metrics are in every state at once: what it says of each, where, and what it exits with."""

import json
import random
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_llmops.judge import Recording, Store, load, write_candidate
from pytest_llmops.plugin.exit_status import exit_status
from pytest_llmops.plugin.missing import reaches
from pytest_llmops.plugin.ours import SUITES_FOLDER
from pytest_llmops.samples import Metric

TESTS = """
    import pytest

    def generate(llm, prompt):
        return llm.generate(prompt)

    def test_wobbling(measure, llm, prompts):
        measure("wobbling", llm, generate, prompts=prompts)

    def test_unlike(measure, llm, prompts):
        measure("unlike", llm, generate, prompts=prompts)

    def test_listing(measure, llm, prompts):
        measure("listing", llm, lambda llm, prompt: llm.embed(prompt.text), prompts=prompts)

    def test_renamed(measure, llm, prompts):
        measure("answer_time", llm, generate, prompts=prompts)

    def test_better(measure, llm, prompts):
        measure("better", llm, generate, prompts=prompts)
"""
OTHER = """
    def test_other(llm, record):
        record("model_count", len(llm.models()), "models")
"""
SETTINGS = "\n[targets.here.baseline]\nlooks = [12]\n"
FILE = "perf/test_it.py"


def _baseline(run):
    """The recorded run as the past that puts each metric into its state."""
    draw = random.Random(1)

    def then(one, name=None, times=None, check=None, **fingerprint):
        metric = one.metric
        values = metric.series.values
        values = tuple(value / times() for value in values) if times else values
        metric = Metric(name or metric.name, metric.unit, replace(metric.series, values=values))
        return replace(one, check=check or one.check, metric=metric, fingerprint={**one.fingerprint, **fingerprint})

    def past(one):
        name = one.metric.name
        if name.startswith("wobbling"):
            return [then(one, times=lambda: 1.6 * draw.lognormvariate(0, 1.5))]
        if name.startswith("unlike"):
            return [then(one, model="another")]
        if name.startswith("answer_time"):
            return [then(one, name.replace("answer_time", "answer_latency"))]
        if name.startswith("better"):
            return [then(one, times=lambda: 0.25)]
        if name == "listing":
            slower = then(one, times=lambda: 0.5)  # else a busy machine would make it a regression
            return [slower, then(one, "listing.ttft"), then(one, "deleted", check=f"{FILE}::test_deleted")]
        raise AssertionError(name)

    recordings: list[Recording] = [made for one in run.recordings for made in past(one)]
    return replace(run, recordings=tuple(recordings))


@pytest.fixture(scope="module")
def runs(tmp_path_factory, projects, models):
    """Recorded without a baseline; then, with one of another past, serial, parallel, and in part."""
    project, model = projects(tmp_path_factory.mktemp("gate")), models()
    model.delay_s = 0.02
    project.target(model.url, SETTINGS)
    project.write(FILE, TESTS)
    project.write("perf/test_other.py", OTHER)
    step = project.path / "step.md"
    found = {"first": project.run("--llmops-gate", "--llmops-baseline=record")}
    (candidate,) = (project.reports / "candidates").iterdir()
    past = project.path / "past.json"
    write_candidate(past, _baseline(load(candidate)))
    Store(project.path / "baselines").accept(past, reason="another past", by="sre")
    for name, words in (("serial", []), ("parallel", ["-n", "2"])):
        found[name] = project.run("--llmops-gate", *words, environ={"GITHUB_STEP_SUMMARY": str(step)})
        found[name].summary = (project.reports / "summary.md").read_text()
        found[name].benchmarks = json.loads((project.reports / "benchmark.json").read_text())["benchmarks"]
    found["one file"] = project.run("--llmops-gate", "perf/test_other.py")
    found["by name"] = project.run("-k", "other or renamed")
    model.end()
    return SimpleNamespace(step=step.read_text(), by=found)


def _states(run):
    return {m["name"]: m["state"] for check in run.checks.values() for m in check["metrics"]}


def test_without_any_baseline_all_is_new(runs):
    first = runs.by["first"]
    assert (first.status, first.whole["missing"]) == (11, [])
    assert {state for name, state in _states(first).items() if "." not in name} == {"no-baseline", "recorded"}


@pytest.mark.parametrize("which", ["serial", "parallel"])
def test_each_metric_is_in_its_state(runs, which):
    run = runs.by[which]
    states = _states(run)
    expected = {
        "unlike": "not-comparable",
        "listing.ttft": "void",
        "answer_time": "no-baseline",
        "wobbling": "inconclusive",
        "better": "improvement",
    }
    assert {name: states[name] for name in expected} == expected, run.out
    assert [m["suspect"] for m in run.checks["test_wobbling"]["metrics"] if m["name"] == "wobbling"] == [True]
    assert run.status == run.whole["exit_status"] == 11, run.out


@pytest.mark.parametrize("name", ["test_wobbling", "test_unlike", "test_listing", "test_renamed"])
def test_each_of_them_alone_blocks_the_gate(runs, name):
    check = runs.by["serial"].checks[name]
    own = 1 if check["outcome"] == "error" else 0
    assert exit_status(own, [check], others_failed=False, gate="suspect") == 11


def test_an_improvement_alone_does_not(runs):
    assert exit_status(0, [runs.by["serial"].checks["test_better"]], others_failed=False, gate="suspect") == 0


@pytest.mark.parametrize("which", ["serial", "parallel"])
def test_a_renamed_metric_and_a_deleted_check_are_missing(runs, which):
    missing = {one["metric"]: (one["check"], one["reason"]) for one in runs.by[which].whole["missing"]}
    renamed, deleted = f"{FILE}::test_renamed", f"{FILE}::test_deleted"
    near = "renamed to 'answer_time{}'? Then accept a new baseline"
    passed = f"has a baseline, but {renamed} passed without measuring it; {near}"
    gone = f"has a baseline, but {deleted} is no longer there; {near}"
    assert missing == {
        "answer_latency": (renamed, f"answer_latency {passed.format('')}"),
        "answer_latency.ttft": (renamed, f"answer_latency.ttft {passed.format('.ttft')}"),
        "deleted": (deleted, f"deleted {gone.format('')}"),
    }


def test_a_run_of_one_file_misses_nothing_of_another(runs):
    run = runs.by["one file"]
    assert (run.status, run.whole["missing"]) == (0, []), run.out


def test_a_run_of_a_part_misses_nothing_else_and_without_the_gate_that_blocks_nothing(runs):
    run = runs.by["by name"]
    assert run.status == 0
    assert [one["metric"] for one in run.whole["missing"]] == ["answer_latency", "answer_latency.ttft"]
    assert "MISSING      answer_latency" in run.lines
    assert not any("summary.md" in line for line in run.lines)


def test_the_summary_says_it_all_and_is_added_to_the_steps(runs):
    run = runs.by["serial"]
    lines = run.summary.splitlines()
    assert lines[0] == "## here: blocked (exit status 11: nothing failed, but not all of it could be judged)"
    for word in ("suspect", "no-baseline", "not comparable", "void", "missing", "improved"):
        assert any(line.startswith(f"- **{word}**: ") for line in lines), run.summary
    assert runs.step == f"\n{run.summary}\n{runs.by['parallel'].summary}"
    assert "written: reports/summary.md" in run.lines
    assert "written: step.md" in run.lines


def test_an_improvement_suggests_accepting(runs):
    (line,) = [line for line in runs.by["serial"].lines if line.startswith("improvement  ")]
    assert "better, better.ttft; to make that the normal: pytest … --llmops-baseline record" in line


def test_serial_and_parallel_leave_the_same_benchmarks(runs):
    serial, parallel = ([one["fullname"] for one in runs.by[which].benchmarks] for which in ("serial", "parallel"))
    assert serial == parallel
    assert Counter(name.rpartition("::")[0].rpartition("::")[2] for name in serial) == {
        "test_better": 2,
        "test_listing": 1,
        "test_renamed": 2,
        "test_unlike": 2,
        "test_wobbling": 2,
    }
    assert list(runs.by["serial"].checks) == list(runs.by["parallel"].checks)


def _config(root, *args, keyword="", start=None, **options):
    """As much of pytest's configuration as is asked for."""
    return SimpleNamespace(
        args=args,
        rootpath=root,
        invocation_params=SimpleNamespace(dir=start or root),
        option=SimpleNamespace(keyword=keyword),
        getoption=lambda name, default=None: options.get(name, default),
    )


@pytest.mark.parametrize(
    ("args", "options", "reached"),
    [
        (["."], {}, True),
        (["perf"], {}, True),
        ([FILE], {}, True),
        (["perf/test_other.py"], {}, False),
        (["other", "perf"], {}, True),
        ([f"{FILE}::test_better"], {}, False),
        (["."], {"keyword": "deleted"}, True),
        (["."], {"keyword": "better"}, False),
        (["."], {"keyword": "not better and perf"}, True),
        (["."], {"lf": True}, False),
        (["."], {"ignore": ["perf"]}, False),
        (["."], {"ignore_glob": ["*_it.py"]}, False),
        ([str(SUITES_FOLDER)], {}, False),
    ],
)
def test_which_checks_a_command_line_reaches(tmp_path, args, options, reached):
    (tmp_path / "perf").mkdir()
    assert reaches(_config(tmp_path, *args, **options), f"{FILE}::test_deleted") == reached


@pytest.mark.parametrize(
    ("args", "check", "reached"),
    [
        ([str(SUITES_FOLDER)], "daily/test_gone.py::test_it", True),
        (["pytest_llmops.suites"], "daily/test_gone.py::test_it", True),
        (["pytest_llmops.suites.daily"], "daily/test_gone.py::test_it", True),
        (["."], "daily/test_latency.py::test_gone", False),
        (["."], "daily/test_gone.py::test_it", False),
        ([str(SUITES_FOLDER)], "test_gone.py::test_it", False),
    ],
)
def test_a_check_of_the_ready_suites_is_reached_where_they_are_collected(tmp_path, args, check, reached):
    assert reaches(_config(tmp_path, *args), check) == reached
