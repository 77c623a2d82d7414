"""A gated run whose metrics are in every state at once: what it says of each, where, and what it exits with."""

import json
import random
import re
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_llmops.judge import Recording, Store, load, write_candidate
from pytest_llmops.plugin.asked_names import missing_primaries, unmatched
from pytest_llmops.plugin.exit_status import exit_status
from pytest_llmops.plugin.keys import LOCKED
from pytest_llmops.plugin.missing import is_whole, reaches, unmade_of
from pytest_llmops.plugin.ours import SUITES_FOLDER
from pytest_llmops.plugin.selection import Selected
from pytest_llmops.samples import Metric
from pytest_llmops.target.load import load as load_target

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
UNTIMED = f'{SETTINGS}floor = "10 s"\n'
"""For runs of which the speed says nothing: a call that a busy machine holds up is nobody's problem there."""
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
            return [one, then(one, "listing.ttft"), then(one, "deleted", check=f"{FILE}::test_deleted")]
        raise AssertionError(name)

    recordings: list[Recording] = [made for one in run.recordings for made in past(one)]
    return replace(run, recordings=tuple(recordings))


@pytest.fixture(scope="module")
def runs(tmp_path_factory, projects, models):
    """Recorded without a baseline; then, with one of another past, serial, parallel, and in part."""
    project, model = projects(tmp_path_factory.mktemp("gate")), models()
    project.pace(**{model.url: 0.02})
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
        found[name].board = (project.reports / "board.html").read_text()
        found[name].summary = (project.reports / "summary.md").read_text()
        found[name].benchmarks = json.loads((project.reports / "benchmark.json").read_text())["benchmarks"]
    found["one file"] = project.run("--llmops-gate", "perf/test_other.py")
    found["by name"] = project.run("-k", "other or renamed")
    model.end()
    return SimpleNamespace(step=step.read_text(), by=found)


def _states(run):
    return {m["name"]: m["state"] for check in run.checks.values() for m in check["metrics"]}


@pytest.mark.parametrize("which", ["serial", "parallel"])
def test_the_board_is_written_once_and_knows_the_runs_before(runs, which):
    run = runs.by[which]
    assert run.lines.count("written: reports/board.html") == 1
    assert re.findall("<h1>(.*?)</h1>", run.board) == re.findall("<h1>(.*?)</h1>", runs.by["serial"].board)
    assert "suspect" in run.board
    assert f"{2 if which == 'serial' else 3} runs since" in run.board


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


def _config(root, *args, keyword="", start=None, source=pytest.Config.ArgsSource.ARGS, **options):
    """As much of pytest's configuration as is asked for."""
    return SimpleNamespace(
        args=args,
        rootpath=root,
        invocation_params=SimpleNamespace(dir=start or root),
        args_source=source,
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


def _selected(*checks, left_out=()):
    """All were found, and all but those that are left out were selected; each of them is timed."""
    return Selected(
        collected=[*checks, *(one["test"] for one in left_out)],
        known={check: {"test": check} for check in checks},
        planned=[{"test": check, "timed": True} for check in checks],
        left_out=list(left_out),
    )


def _made(test, outcome="passed", category="", reason="", metrics=()):
    return {"test": test, "outcome": outcome, "category": category, "reason": reason, "metrics": list(metrics)}


def test_why_checks_that_were_asked_for_were_not_made():
    left_out = [
        {"test": "t.py::needs", "suites": [], "reason": "no rerank in target here"},
        {"test": "t.py::disruptive", "suites": [], "reason": LOCKED},
    ]
    checks = [
        _made("t.py::well"),
        _made("t.py::skip", "skipped", "skipped", "not today\nnor tomorrow"),
        _made("t.py::vacuous", "skipped", "vacuous", "vacuous: nothing indexed"),
        _made("t.py::away", "skipped", "optional-unreachable", "optional-unreachable: nobody"),
        _made("t.py::waived", "waived", "failed", "waived until 2027-01-01 by sre: known"),
        _made("t.py::failed", "failed", "failed", "assert 0"),
    ]
    assert unmade_of(_selected(left_out=left_out), checks) == {
        "t.py::needs": "is left out: no rerank in target here",
        "t.py::skip": "was skipped: not today",
        "t.py::vacuous": "was skipped: vacuous: nothing indexed",
    }


@pytest.mark.parametrize(
    ("args", "options", "whole"),
    [
        (["."], {}, True),
        (["perf"], {}, False),
        (["perf"], {"source": pytest.Config.ArgsSource.TESTPATHS}, True),
        ([FILE], {}, False),
        (["."], {"lf": True}, False),
        (["."], {"ignore": ["perf"]}, False),
        (["."], {"ignore_glob": ["*_it.py"]}, False),
    ],
)
def test_which_command_line_asks_for_all(tmp_path, args, options, whole):
    config = _config(tmp_path, *args, **options)
    assert is_whole(config, _selected("t.py::a"), [_made("t.py::a")]) == whole


@pytest.mark.parametrize(
    ("checks", "whole"),
    [
        ([_made("t.py::a"), _made("t.py::b")], True),
        ([_made("t.py::a"), _made("t.py::b", "waived", metrics=[{"name": "b"}])], True),
        ([_made("t.py::a"), _made("t.py::b", "skipped")], False),
        ([_made("t.py::a")], False),
    ],
)
def test_a_run_that_did_not_measure_all_is_not_whole(tmp_path, checks, whole):
    assert is_whole(_config(tmp_path, "."), _selected("t.py::a", "t.py::b"), checks) == whole


def test_a_run_that_left_out_or_deselected_some_is_not_whole(tmp_path):
    left_out = [{"test": "t.py::b", "suites": [], "reason": "no rerank in target here"}]
    assert not is_whole(_config(tmp_path, "."), _selected("t.py::a", left_out=left_out), [_made("t.py::a")])


def _target(project, primary):
    project.target(
        "http://127.0.0.1:9",
        f"""
[targets.here.baseline]
primary = {json.dumps(primary)}

[targets.here.baseline.points]
"answer_tme.p95" = {{ file = "a.json", value = "a" }}
"answer_time.p90" = {{ file = "a.json", value = "a" }}

[targets.here.thresholds]
"*.ttff" = {{ target = "<= 1 s" }}
""",
    )
    return load_target(project.path / "llmops.toml", None, project.path)


def test_names_in_the_file_that_no_check_measured(project):
    target = _target(project, ["answer_tim", "answer_time", "answer_time.p95", "answer_time.ttft.typical"])
    measured = {"answer_time", "answer_time.ttft"}
    assert unmatched(target, measured) == {
        "answer_tme.p95": "has a point",
        "answer_tim": "is in baseline.primary",
        "*.ttff": "has a threshold",
    }
    assert missing_primaries(target, ["answer_time"]) == [
        {
            "metric": name,
            "check": "",
            "reason": f"{name} is in baseline.primary, but no check measured it. Did you mean 'answer_time'?",
        }
        for name in ("answer_tim", "answer_time.ttft.typical")
    ]


def test_the_primaries_of_a_profile_are_nobodys_typo(tmp_path):
    target = load_target(None, "sandbox", tmp_path)
    assert target.table.baseline.primary
    assert missing_primaries(target, ["mine"]) == []


PRIMARY = """
    import pytest

    def test_time(measure, llm, prompts):
        measure("answer_time", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)

    @pytest.mark.skipif("SKIPPED" in __import__("os").environ, reason="not today")
    def test_other(measure, llm, prompts):
        measure("other_time", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
"""


def test_a_mistyped_primary_and_a_skipped_check_do_not_pass_silently(project, model):
    settings = UNTIMED + 'primary = ["answer_tmie"]\n'
    project.target(model.url, settings)
    project.write("test_it.py", PRIMARY)
    first = project.run("--llmops-gate", "--llmops-baseline=record")
    assert [one["metric"] for one in first.whole["missing"]] == ["answer_tmie"], first.out
    assert first.status == 11
    (candidate,) = (project.reports / "candidates").iterdir()
    Store(project.path / "baselines").accept(candidate, reason="first", by="sre")
    skipped = project.run("--llmops-gate", environ={"SKIPPED": "1"})
    note = "note         no check of this run measured 'answer_tmie', which is in baseline.primary."
    near = "Did you mean 'answer_time' or 'answer_time.ttft'?"
    assert f"{note} {near}" in skipped.lines, skipped.out
    assert [one["metric"] for one in skipped.whole["missing"]] == ["other_time", "other_time.ttft"]
    assert skipped.whole["missing"][0]["reason"] == (
        "other_time has a baseline, but test_it.py::test_other was skipped: not today; "
        "if that is meant, accept a new baseline"
    )
    assert skipped.status == 11


def test_a_mistyped_primary_blocks_a_run_side_by_side_too(project, model):
    there = (
        f'\n[targets.there]\nprofile = "openai-compatible"\n[targets.there.components.openai]\nurl = "{model.url}"\n'
    )
    project.target(model.url, UNTIMED + 'primary = ["aaaa"]\n' + there)
    project.write("test_it.py", PRIMARY)
    run = project.run("--llmops-gate", "--llmops-target=here", "--llmops-against=there")
    said = {"metric": "aaaa", "check": "", "reason": "aaaa is in baseline.primary, but no check measured it."}
    assert (run.status, run.whole["missing"]) == (11, [said]), run.out
    assert "MISSING      aaaa" in run.lines
