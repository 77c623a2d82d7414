"""What a run exits with, as a function and as a run under the gate."""

import pytest

from pytest_llmops.plugin.exit_status import exit_status
from pytest_llmops.report.terminal import UNTOLD


def _check(outcome="passed", category="", *states):
    metrics = [
        {
            "name": "latency.error_rate" if state.startswith("quiet") else "latency",
            "value": 0.0 if state.startswith("quiet") else 0.1,
            "state": state.removeprefix("suspect ").removeprefix("quiet "),
            "suspect": state.startswith("suspect"),
        }
        for state in states
    ]
    return {"outcome": outcome, "category": category, "metrics": metrics}


PASSED = _check()
UNREACHABLE = _check("error", "unreachable")
FAILED = _check("failed", "threshold")
SLOWER = _check("failed", "regression", "regression")
VOID = _check("error", "void")
SKIPPED = _check("skipped", "vacuous")
WAIVED = _check("waived", "threshold")
NEW = _check("passed", "no-baseline", "no-baseline")
OTHER = _check("passed", "not-comparable", "not-comparable")
SUSPECT = _check("passed", "inconclusive", "suspect inconclusive")
UNSURE = _check("passed", "inconclusive", "inconclusive")
NO_FAILURES = _check("passed", "", "ok", "quiet inconclusive")
WAIVED_VOID = _check("waived", "void", "void")


@pytest.mark.parametrize(
    ("own", "checks", "gated"),
    [
        (0, [PASSED], 0),
        (0, [PASSED, SKIPPED, WAIVED], 0),
        (2, [UNREACHABLE], 2),
        (3, [FAILED], 3),
        (4, [], 4),
        (1, [UNREACHABLE, FAILED, SLOWER, NEW], 12),
        (1, [FAILED, SLOWER, NEW], 1),
        (1, [_check("error", "budget")], 1),
        (1, [SLOWER, NEW], 10),
        (1, [SLOWER, VOID], 10),
        (1, [VOID], 11),
        (0, [NEW, PASSED], 11),
        (0, [OTHER], 11),
        (0, [SUSPECT], 11),
        (0, [UNSURE], 0),
        (0, [SKIPPED], 13),
        (5, [], 13),
        (0, [WAIVED], 0),
        (0, [WAIVED_VOID], 0),
        (0, [WAIVED_VOID, NEW], 11),
        (0, [NO_FAILURES], 0),
    ],
)
def test_the_gate_says_the_first_that_applies(own, checks, gated):
    assert exit_status(own, checks, others_failed=False, gate="suspect") == gated


@pytest.mark.parametrize(
    ("gate", "checks", "status"),
    [
        ("any", [UNSURE], 11),
        ("any", [NO_FAILURES], 0),
        ("any", [NO_FAILURES, UNSURE], 11),
        ("never", [SUSPECT], 0),
        ("never", [UNSURE], 0),
        ("never", [NEW], 11),
    ],
)
def test_what_counts_as_undecided_is_the_files_to_say(gate, checks, status):
    assert exit_status(0, checks, others_failed=False, gate=gate) == status


@pytest.mark.parametrize(
    ("own", "checks", "gated"),
    [(0, [PASSED], 11), (0, [SKIPPED], 11), (1, [SLOWER], 10), (1, [FAILED], 1), (1, [UNREACHABLE], 12), (2, [], 2)],
)
def test_a_metric_that_is_missing_counts_as_undecided(own, checks, gated):
    assert exit_status(own, checks, others_failed=False, gate="never", missing=1) == gated
    assert exit_status(own, checks, others_failed=False, gate=None, missing=1) == (
        own or (0 if PASSED in checks else 5)
    )


@pytest.mark.parametrize("gate", [None, "suspect", "never"])
@pytest.mark.parametrize("own", [0, 1, 2, 3, 4])
def test_a_run_that_lost_a_check_is_never_green(own, gate):
    assert exit_status(own, [PASSED], others_failed=own == 1, gate=gate, not_made=1) == (own or 1)


@pytest.mark.parametrize(
    ("checks", "status"), [([SLOWER], 1), ([VOID], 1), ([SLOWER, NEW], 1), ([UNREACHABLE, SLOWER], 12)]
)
def test_a_run_that_was_stopped_is_not_only_slower_or_undecided(checks, status):
    assert exit_status(1, checks, others_failed=False, gate="suspect", not_made=1, missing=1) == status


@pytest.mark.parametrize("own", [2, 3, 4])
@pytest.mark.parametrize("checks", [[], [PASSED], [SKIPPED], [UNREACHABLE, FAILED], [SLOWER, VOID, NEW]])
@pytest.mark.parametrize("gate", [None, "suspect"])
def test_pytests_own_word_on_a_run_that_was_none_stands(own, checks, gate):
    assert exit_status(own, checks, others_failed=True, gate=gate) == own


@pytest.mark.parametrize("checks", [[SLOWER], [NEW], [SKIPPED]])
def test_a_failed_test_of_somebody_elses_is_a_failure(checks):
    assert exit_status(1, checks, others_failed=True, gate="suspect") == 1


@pytest.mark.parametrize(
    ("own", "checks", "status"),
    [
        (0, [PASSED], 0),
        (0, [NEW], 0),
        (1, [UNREACHABLE], 1),
        (0, [PASSED, SKIPPED], 0),
        (0, [SKIPPED], 5),
        (0, [], 5),
        (5, [], 5),
        (2, [], 2),
    ],
)
def test_without_the_gate_it_is_pytests_own_but_for_a_run_without_checks(own, checks, status):
    assert exit_status(own, checks, others_failed=False, gate=None) == status


TESTS = """
    import pytest

    def test_pass(llm):
        assert llm.models()

    def test_fail(llm):
        assert not llm.models()

    def test_time(measure, llm, prompts):
        measure("generation_latency", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)

    def test_skip(llm):
        pytest.skip("not today")

    def test_stop(llm):
        raise KeyboardInterrupt

    def test_stranger():
        assert 0
"""


@pytest.mark.parametrize(
    ("names", "status"),
    [("pass", 0), ("pass or fail", 1), ("pass or time", 11), ("time or stranger", 1), ("stop", 2), ("skip", 13)],
)
def test_a_gated_run(project, model, names, status):
    project.target(model.url)
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-gate", "-k", names)
    assert (run.status, run.whole["exit_status"]) == (status, status), run.out


def _heading(project):
    return (project.reports / "summary.md").read_text().partition("\n")[0]


def test_a_gated_run_of_an_unreachable_target(project, nobody):
    project.target(nobody)
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-gate", "-k", "pass or fail or stranger")
    assert (run.status, run.whole["exit_status"]) == (12, 12), run.out
    assert _heading(project) == "## here: blocked (exit status 12: a required component is unreachable)"


def test_a_gated_run_that_breaks_down_inside(project, model):
    project.target(model.url)
    project.write("test_it.py", TESTS)
    project.write("conftest.py", "def pytest_runtest_logfinish(nodeid):\n    raise OSError('no more')\n")
    run = project.run("--llmops-gate", "-k", "pass")
    assert (run.status, run.whole["exit_status"]) == (3, 3), run.out
    assert _heading(project) == "## here: not judged (exit status 3: internal error)"


def test_a_gated_run_that_cannot_be_carried_out(project, nobody):
    project.target(nobody)
    run = project.run("--llmops-gate", "--llmops-target=there")
    assert (run.status, run.whole) == (4, None), run.out


def test_a_gated_run_of_nothing_replaces_what_an_earlier_one_said(project, nobody):
    project.target(nobody)
    project.write("test_it.py", TESTS)
    project.write("reports/summary.md", "## here: passed\n")
    run = project.run("--llmops-gate", "-k", "nothing")
    assert (run.status, run.whole) == (13, None), run.out
    assert _heading(project) == "## here: blocked (exit status 13: nothing was checked)"
    assert "written: reports/summary.md" in run.lines


def test_a_gated_run_beside_baselines_that_cannot_be_read(project, model):
    project.target(model.url)
    project.write("test_it.py", TESTS)
    damaged = project.write("baselines/here/0001_20260302T093000Z.json", "{")
    run = project.run("--llmops-gate", "-k", "pass")
    assert (run.status, [one["metric"] for one in run.whole["missing"]]) == (11, [""]), run.out
    assert run.whole["missing"][0]["reason"].startswith(f"{damaged} is damaged: ")
    assert f"MISSING      {UNTOLD}" in run.lines
