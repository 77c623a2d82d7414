"""A fault, tried: with both keys, of the sandbox that the run itself starts; what did not begin is run again."""

import json
from dataclasses import replace
from subprocess import CompletedProcess

import pytest

from pytest_llmops.doctor import fault_run
from pytest_llmops.doctor.fault_run import tried
from pytest_llmops.procedures.named_faults import NamedFault
from pytest_llmops.target.load import load

TESTS = {f"incident/a.py::{name}": (f"s.t.{name}",) for name in ("one", "two", "three")}
ONE, TWO, THREE = TESTS


def check(test, outcome, category):
    return {"test": test, "outcome": outcome, "category": category}


@pytest.fixture
def runs(monkeypatch):
    """What each pytest was told, and what its tests come to: a function of those that it was told to run."""

    class Runs(list):
        come_to = staticmethod(lambda tests: [check(test, "failed", "failed") for test in tests])

        def __call__(self, words, cwd, **_more):
            self.append((words, cwd))
            tests = [str(word).partition("suites/")[2] for word in words if "suites/" in str(word)]
            (cwd / "run.json").write_text(json.dumps({"checks": self.come_to(tests)}))
            return CompletedProcess(words, 1, b"")

    made = Runs()
    monkeypatch.setattr(fault_run.subprocess, "run", made)
    return made


def named(tests=TESTS):
    return NamedFault("llm:wont-start", tests, timed=False)


def test_both_keys_are_turned_for_the_sandbox_that_it_starts_and_for_no_other_target(runs, tmp_path):
    assert tried(named(), "aegis-rag", tmp_path).red == list(TESTS)
    ((words, cwd),) = runs
    assert [word for word in words if "disruption" in word] == ["--llmops-allow-disruption=sandbox"]
    assert f"--llmops-config={cwd / 'llmops.toml'}" in words
    target = load(cwd / "llmops.toml", None, cwd, {})
    assert (target.name, list(target.config.targets), target.table.embedded) == ("sandbox", ["sandbox"], True)
    assert target.table.may_be_disrupted
    assert target.state_folder.is_relative_to(tmp_path)


def test_what_one_left_changed_keeps_no_other_from_being_tried(runs, tmp_path):
    runs.come_to = lambda tests: [
        check(test, "error", "still-changed" if place else "left-changed") for place, test in enumerate(tests)
    ]
    found = tried(named(), "aegis-rag", tmp_path)
    assert found.outcomes == dict.fromkeys(TESTS, "error (left-changed)")
    assert len(runs) == 3


def test_who_did_not_begin_is_not_red_for_that(runs, tmp_path):
    runs.come_to = lambda tests: [
        check(test, "error", "left-changed")
        if test == ONE
        else check(test, "error", "still-changed")
        if ONE in tests
        else check(test, "passed", "")
        for test in tests
    ]
    found = tried(named(), "aegis-rag", tmp_path)
    assert (found.red, found.outcomes[TWO], found.outcomes[THREE]) == ([ONE], "passed", "passed")


def test_what_came_to_nothing_is_run_once_more_and_no_oftener(runs, tmp_path):
    runs.come_to = lambda tests: [check(test, "error", "void") for test in tests]
    found = tried(named(), "aegis-rag", tmp_path)
    assert (found.red, len(runs)) == ([], 2)


def test_others_run_beside_and_those_in_another_file_are_strangers(runs, tmp_path):
    beside = ("incident/a.py::four", "incident/b.py::five", "incident/b.py::six", "incident/b.py::seven")
    others = {beside[2]: ("passed", ""), beside[3]: ("error", "unreachable")}
    runs.come_to = lambda tests: [check(test, *others.get(test, ("failed", ""))) for test in tests]
    found = tried(replace(named(), beside=beside), "aegis-rag", tmp_path)
    assert found.red == list(TESTS)
    assert found.red_beside == beside[:2]
    assert found.strangers == ["incident/b.py::five"]
    assert replace(found, outcomes=dict.fromkeys(TESTS, "passed")).strangers == []


def test_none_runs_beside_when_a_test_is_run_again(runs, tmp_path):
    runs.come_to = lambda tests: [check(test, "error", "void") for test in tests]
    tried(replace(named(), beside=("incident/b.py::five",)), "aegis-rag", tmp_path)
    first, again = (" ".join(map(str, words)) for words, _cwd in runs)
    assert "b.py::five" in first
    assert "b.py::five" not in again
