"""What ``llmops faults`` says: which procedures were never red, and why."""

import sys

import pytest

from pytest_llmops.cli.fault_round import Round, made, with_runbook
from pytest_llmops.doctor.fault_run import Tried
from pytest_llmops.doctor.fault_run import _outcome as outcome_of
from pytest_llmops.errors import ConfigError
from pytest_llmops.procedures.named_faults import NamedFault

DOWN = NamedFault(
    "api:down", {"daily/a.py::one": ("s.t.first", "s.t.second"), "daily/a.py::two": ("s.t.second",)}, False
)
SLOW = NamedFault("api:delay=2", {"daily/a.py::late": ("s.t.third",), "daily/b.py::gone": ("s.t.fourth",)}, False)


def found(*tries, silent=None, any_of=None, variant=False):
    return Round("rag", "", [DOWN, SLOW], silent or {}, any_of or {}, variant, list(tries)).not_red


def test_nothing_is_said_where_every_test_was_red():
    red = {"daily/a.py::one": "failed (threshold)", "daily/a.py::two": "error (unreachable)"}
    assert found(Tried(DOWN, red, 1.0)) == []


def test_what_was_not_red_is_named_with_its_test_its_fault_and_what_it_came_to():
    one = Tried(DOWN, {"daily/a.py::one": "failed", "daily/a.py::two": "passed"}, 1.0)
    two = Tried(SLOW, {"daily/a.py::late": "skipped (vacuous)", "daily/b.py::gone": "not selected"}, 1.0)
    assert found(one, two, silent={"s.t.fifth": "no test of it names a fault"}) == [
        "  rag",
        "  s.t.fifth: no test of it names a fault",
        "  (its procedures were red by another test): daily/a.py::two under api:down: passed",
        "  s.t.third: daily/a.py::late under api:delay=2: skipped (vacuous)",
        "  s.t.fourth: daily/b.py::gone under api:delay=2: not selected",
    ]


def test_where_a_test_names_faults_for_other_systems_one_of_them_is_enough():
    again = NamedFault("llm:down", {"daily/a.py::one": ("x.y.sixth",)}, False)
    one = Tried(DOWN, {"daily/a.py::one": "failed", "daily/a.py::two": "failed"}, 1.0)
    two = Tried(again, {"daily/a.py::one": "passed"}, 1.0)
    assert found(one, two, any_of={"daily/a.py::one": {"api:down", "llm:down"}}) == []
    assert found(two, any_of={"daily/a.py::one": {"api:down", "llm:down"}}) == []  # the other one was not tried
    assert found(one, two) == ["  rag", "  x.y.sixth: daily/a.py::one under llm:down: passed"]


def test_what_a_variant_has_not_need_not_be_red_where_another_test_was():
    lacking = "skipped (unsupported)"
    one = Tried(DOWN, {"daily/a.py::one": "failed", "daily/a.py::two": lacking}, 1.0)
    assert found(one, variant=True) == []
    assert found(one) != []
    two = Tried(DOWN, {"daily/a.py::one": lacking, "daily/a.py::two": "failed"}, 1.0)
    assert found(two, variant=True) == ["  rag", f"  s.t.first: daily/a.py::one under api:down: {lacking}"]
    passed = Tried(DOWN, {"daily/a.py::one": "failed", "daily/a.py::two": "passed"}, 1.0)
    assert found(passed, variant=True) != []


def test_a_variant_extends_a_profile_of_its_system():
    assert {name for name in with_runbook() if made(name, ["daily"], 1, 0).variant} == {"aegis-rag-compose"}


def test_an_unsound_measurement_is_not_red():
    assert Tried(SLOW, {"daily/a.py::late": "void"}, 1.0).red == []


def test_what_lacks_a_package_is_not_red():
    lacking = {"outcome": "error", "category": "not-installed"}
    assert outcome_of(lacking) == "not-installed"
    assert Tried(SLOW, {"daily/a.py::late": outcome_of(lacking)}, 1.0).red == []


def test_a_run_without_a_result_says_its_last_words():
    lost = Tried(DOWN, {"daily/a.py::one": "not run", "daily/a.py::two": "not run"}, 1.0, "sandbox: unknown fault")
    assert found(lost) == [
        "  rag",
        "  s.t.first, s.t.second: daily/a.py::one under api:down: not run",
        "  s.t.second: daily/a.py::two under api:down: not run",
        "  api:down: sandbox: unknown fault",
    ]


def test_a_sample_says_its_seed():
    chosen = made("sandbox", ["daily"], 3, 20_001)
    assert len(chosen.chosen) == 3
    assert "3 faults of " in chosen.planned
    assert ", seed 20001; " in chosen.planned


def test_what_the_sandboxs_own_profile_has_no_component_for_is_tried_on_a_system_that_has_it():
    test = "monitor/test_alert_rules.py::test_every_deployed_rule_can_say_something"
    found = made("aegis-rag", ["monitor"], None, 0)
    assert {one.fault: one.tests[test] for one in found.chosen if test in one.tests} == {"prometheus:rule-broken": ()}
    assert found.any_of[test] == {"prometheus:rule-broken"}
    on_the_sandbox = made("sandbox", ["monitor"], None, 0)
    without = made("voyageur", ["monitor"], None, 0)
    assert not any(test in one.tests for one in (*on_the_sandbox.chosen, *without.chosen))


def test_a_fault_that_the_sandboxs_own_profile_does_not_know_is_tried_on_a_system_that_knows_it():
    test = "security/test_leaks.py::test_no_answer_leaks"
    found = made("document-enhancer", ["security"], None, 0)
    assert {one.fault: one.tests[test] for one in found.chosen if test in one.tests} == {"providers:person": ()}
    on_the_sandbox = made("sandbox", ["security"], None, 0)
    faults = {one.fault for one in on_the_sandbox.chosen if test in one.tests}
    assert faults == {"api:leaks-pii", "api:leaks-secret", "llm:leaks-pii"}


def test_every_system_of_the_catalogue_has_a_profile():
    assert with_runbook()[0] == "sandbox"
    assert {"aegis-rag", "agent-aiops", "document-enhancer", "enterprise-pipeline", "voyageur"} <= set(with_runbook())


def test_an_unknown_word_names_the_nearest(llmops):
    status, said = llmops("faults", "--profile", "sandbx")
    assert status == 1
    assert said.startswith("Error: --profile: unknown profile 'sandbx'. Did you mean 'sandbox'? Profiles: ")
    suites = "daily, weekly, monthly, security, dr, load, quality, incident, maintenance, deploy, monitor"
    assert llmops("faults", "--profile", "sandbox", "--marker", "dayly") == (
        1,
        f"Error: --marker 'dayly' is no suite. Did you mean 'daily'? Suites: {suites}.\n",
    )


def test_without_the_sandbox_it_is_said_once(llmops, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    status, said = llmops("faults", "--profile", "sandbox", "--sample", "3")
    assert status == 1
    assert said == "Error: the embedded sandbox needs uvicorn: run pip install 'pytest-llmops[sandbox]'.\n"


def test_what_was_red_beside_in_another_file_is_named_with_the_fault():
    red = dict.fromkeys(DOWN.tests, "failed")
    one = Tried(DOWN, red, 1.0, red_beside=("daily/a.py::three", "daily/c.py::four"))
    assert Round("rag", "", [DOWN], {}, tries=[one]).strangers == ["  rag", "  daily/c.py::four under api:down"]
    assert (
        Round("rag", "", [DOWN], {}, tries=[Tried(DOWN, red, 1.0, red_beside=("daily/a.py::three",))]).strangers == []
    )


def test_beside_a_fault_run_all_other_tests_of_the_suite():
    alone, beside = made("sandbox", ["security"], 2, 0), made("sandbox", ["security"], 2, 0, beside=True)
    assert {one.beside for one in alone.chosen} == {()}
    every, *others = [sorted([*one.tests, *one.beside]) for one in beside.chosen]
    assert others == [every]
    assert every == sorted(set(every))
    assert "security/test_leaks.py::test_no_answer_leaks" in every


def test_tests_are_chosen_by_words_in_their_names():
    chosen = made("voyageur", [], None, 0, words=["daily/test_dashboard.py"]).chosen
    tests = {test for one in chosen for test in one.tests}
    assert {test.partition("::")[0] for test in tests} == {"daily/test_dashboard.py"}
    assert {one.fault for one in chosen} == {"dashboard:alerts", "dashboard:critical"}
    with pytest.raises(ConfigError, match="--test 'daily/test_nothing' is in the name of no test"):
        made("voyageur", [], None, 0, words=["daily/test_nothing"])
