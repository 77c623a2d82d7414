"""Two keys decide, and nothing else: without both, no disruptive test of any suite runs and no driver is asked."""

import pytest

from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.plugin.ours import SUITES_FOLDER

from .conftest import KEY

PLANTED = """
import pytest
from pathlib import Path

def ran(name):
    with Path("ran").open("a") as file:
        file.write(f"{name}\\n")

@pytest.fixture
def without_the_model(change):
    change.stop("openai")
"""
OF_A_SUITE = """
@pytest.mark.{suite}
@pytest.mark.disruptive
def test_{suite}_marked(llmops_target):
    ran("{suite}")

@pytest.mark.{suite}
def test_{suite}_that_changes(change):
    ran("{suite}")
    change.stop("openai")

@pytest.mark.{suite}
def test_{suite}_by_a_fixture(without_the_model):
    ran("{suite}")
"""
EVERYWHERE = ["test_planted.py", SUITES_FOLDER, "-m", "disruptive"]
"""The planted tests, and whatever of the ready suites is disruptive by then."""

INI = "[pytest]\naddopts = -p no:cacheprovider "


@pytest.fixture
def stack(stack, project):
    project.write("test_planted.py", PLANTED + "".join(OF_A_SUITE.format(suite=suite) for suite in SUITES))
    return stack


@pytest.fixture
def untouched(stack, project):
    """Fails the test if anything was run or asked."""
    asked = len(stack.calls)
    yield
    assert not (project.path / "ran").exists()
    assert stack.calls[asked:] == []
    assert not (project.path / ".llmops" / "journal").exists()


def _left_out(run):
    return {reason: count for reason, count in run.whole["not_applicable"].items() if reason.startswith("disruptive")}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("words", "environ", "ini"),
    [
        ([], {}, ""),
        ([], {}, KEY),
        ([], {"PYTEST_ADDOPTS": KEY}, ""),
        ([], {"LLMOPS_ALLOW_DISRUPTION": "here", "LLMOPS_TARGET": "here"}, ""),
        (["-o", f"addopts={KEY}"], {}, ""),
        (["@words.txt"], {}, ""),
        (["--llmops-allow-disruption=there"], {"LLMOPS_TARGET": "here"}, ""),
        (["--llmops-allow-disruption=there"], {"PYTEST_ADDOPTS": KEY}, KEY),
        (["--llmops-allow-disruption="], {}, ""),
        (["--llmops-allow-disruption", "HERE"], {}, ""),
    ],
    ids=[
        "nothing", "ini", "PYTEST_ADDOPTS", "LLMOPS_", "-o addopts", "@file", "another target", "another, and ini",
        "no name", "almost its name",
    ],
)  # fmt: skip
def test_the_second_key_is_typed_or_not_there(project, quick, words, environ, ini):
    project.write("pytest.ini", f"{INI}{ini}\n")
    project.write("words.txt", f"{KEY}\n")
    run = quick(*EVERYWHERE, *words, environ=environ)
    assert run.status == 5, run.out
    assert run.whole["checks"] == []
    assert _left_out(run)["disruptive, without both keys"] >= 3 * len(SUITES)


@pytest.mark.usefixtures("untouched")
def test_a_conftest_does_not_turn_it(project, quick):
    project.write("conftest.py", "def pytest_configure(config):\n    config.option.llmops_allow_disruption = 'here'\n")
    assert quick(*EVERYWHERE).status == 5


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("word", ["--llmops-allow=here", "--llmops-allow-disruptio=here"])
def test_it_is_typed_out(quick, word):
    run = quick(*EVERYWHERE, word)
    assert run.status == 4
    assert any(word in line for line in run.lines), run.out


@pytest.mark.usefixtures("untouched")
def test_the_first_key_is_in_the_file_or_not_there(stack, quick):
    stack.describe(more="")
    assert quick(*EVERYWHERE, KEY).status == 5


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("suite", SUITES)
def test_no_suites_marker_turns_one(quick, suite):
    run = quick("test_planted.py", "-m", suite)
    assert (run.status, _left_out(run)) == (5, {"disruptive, without both keys": 3}), run.out


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "words",
    [["-k", "changes or marked"], ["test_planted.py::test_dr_that_changes"], ["-n", "2", "test_planted.py"]],
    ids=["-k", "node id", "-n"],
)
def test_no_selection_turns_one(project, quick, words):
    project.write("pytest.ini", f"{INI}{KEY}\n")
    run = quick(*words)
    assert run.status == 5, run.out


@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_with_both_they_run(stack, project, quick, words):
    run = quick("test_planted.py", "-k", "dr or weekly_marked", KEY, *words)
    assert run.status == 0, run.out
    assert sorted((project.path / "ran").read_text().split()) == ["dr", "dr", "dr", "weekly"]
    assert stack.acts == ["stop openai", "start openai"] * 2
    assert stack.is_as_before()


def test_a_key_that_does_not_fit_is_said(stack, quick):
    run = quick("test_planted.py", "--llmops-allow-disruption=her")
    lacks = "llmops: lacks --llmops-allow-disruption here typed on the command line; 'her' was given"
    assert lacks in run.lines
    run = quick("test_planted.py", environ={"PYTEST_ADDOPTS": KEY})
    lacks = "llmops: lacks --llmops-allow-disruption here typed on the command line; ini, addopts and environment "
    assert f"{lacks}do not count" in run.lines


def test_who_asks_for_change_while_it_runs_is_refused(project, quick, stack):
    project.write("test_it.py", "def test_it(request, llmops_target):\n    request.getfixturevalue('change')\n")
    run = quick("test_it.py", KEY)
    (check,) = run.whole["checks"]
    assert check["outcome"] == "failed"
    assert check["reason"].splitlines()[0] == (
        "test_it.py::test_it asks for 'change' while it runs, so nobody could know that it is disruptive: name it "
        "among the test's arguments, or mark the test with 'disruptive'."
    )
    assert stack.acts == []


MARKS = """
import pytest

{hook}
def {name}({words}):
    for item in {items}:
        if "stranger" in item.name:
            item.add_marker("disruptive")
"""
STRANGER = """
def test_stranger(llmops_target):
    ran("stranger")

def test_other(llmops_target):
    pass
"""


@pytest.mark.usefixtures("untouched")
def test_a_marker_that_a_conftest_gives_asks_for_keys_too(project, quick):
    project.write("test_planted.py", PLANTED + STRANGER)
    words = {"hook": "@pytest.hookimpl(trylast=True)", "name": "pytest_collection_modifyitems", "words": "items"}
    project.write("conftest.py", MARKS.format(**words, items="items"))
    run = quick("test_planted.py")
    assert (run.status, _left_out(run)) == (0, {"disruptive, without both keys": 1}), run.out


def test_with_both_keys_such_a_one_has_its_turn(project, quick, stack):
    project.write("test_planted.py", PLANTED + STRANGER)
    words = {"hook": "@pytest.hookimpl(trylast=True)", "name": "pytest_collection_modifyitems", "words": "items"}
    project.write("conftest.py", MARKS.format(**words, items="items"))
    run = quick("test_planted.py", KEY, "-n", "2")
    assert run.status == 0, run.out
    assert (project.path / "ran").read_text() == "stranger\n"
    assert (stack.journal.parent / "here.lock").exists()


@pytest.mark.usefixtures("untouched")
def test_a_marker_that_comes_too_late_is_refused(project, quick):
    project.write("test_planted.py", PLANTED + STRANGER)
    words = {"hook": "", "name": "pytest_runtest_protocol", "words": "item"}
    project.write("conftest.py", MARKS.format(**words, items="[item]"))
    run = quick("test_planted.py")
    assert run.status == 1, run.out
    assert run.checks["test_stranger"]["reason"].splitlines()[0] == (
        "test_planted.py::test_stranger was made disruptive after tests were selected, so nobody looked for its keys: "
        "give it its marker in pytest_collection_modifyitems or before."
    )
