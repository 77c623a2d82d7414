"""Staging's last run: whether it speaks for what is about to be deployed."""

import json

import pytest

from pytest_llmops.errors import LlmopsError, Unsupported
from pytest_llmops.operate.staged import staged
from pytest_llmops.target.staging import Staging

NOW = 1_796_000_000.0
STAGING = Staging(result="run.json", commit="COMMIT", plan="plan.json")
PASSED = {"test": "a", "outcome": "passed"}
VACUOUS = {"test": "b", "outcome": "skipped", "category": "vacuous"}


@pytest.fixture
def wrong(tmp_path):
    def wrong(due=("a", "b"), **more):
        run = {
            "target": "stage-1",
            "environment": "staging",
            "profile": "rag",
            "commit": "a" * 40,
            "started": NOW - 3600,
            "exit_status": 0,
            "checks": [PASSED, VACUOUS],
            **more,
        }
        (tmp_path / "run.json").write_text(json.dumps(run))
        (tmp_path / "COMMIT").write_text("a" * 40 + "\n")
        return staged(tmp_path, STAGING, "rag", lambda: list(due), NOW).wrong

    return wrong


def _unread():
    raise AssertionError("nothing is planned where that run is not known")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ()),
        ({"commit": "b" * 40}, ("staging ran bbbbbbbbbbbb, and aaaaaaaaaaaa is deployed",)),
        ({"commit": ""}, ("staging ran no commit that it names, and aaaaaaaaaaaa is deployed",)),
        ({"checks": [PASSED, VACUOUS, {"test": "x", "outcome": "error"}]}, ("on staging failed: x",)),
        ({"checks": [VACUOUS], "due": ["b"]}, ("on staging no check passed",)),
        (
            {"checks": [PASSED, {**VACUOUS, "category": "optional-unreachable"}, {"test": "c", "outcome": "skipped"}]},
            ("on staging were skipped: b (optional-unreachable), c (no reason)",),
        ),
        (
            {"checks": [PASSED], "due": list("abcdefgh")},
            ("the run on staging left out 7 of 8 checks: b, c, d, e, f, 2 more",),
        ),
        (
            {"environment": "sandbox", "target": "sandbox"},
            ("the run was on sandbox, whose environment is sandbox, not staging",),
        ),
        (
            {"profile": "voyageur", "target": ""},
            ("the run was on a target without a name, whose profile is voyageur, not rag",),
        ),
        (
            {"missing": [{"metric": "latency", "reason": "renamed"}, {"metric": "", "reason": "no file"}]},
            ("on staging metrics that have a baseline were not measured: latency, no file",),
        ),
        ({"exit_status": 12}, ("the run on staging ended with exit status 12",)),
        ({"not_made": {"checks": 3}}, ("on staging 3 checks were not made",)),
        ({"started": NOW - 8 * 86400}, ("the run on staging is 8 days old, more than 7 days",)),
    ],
)
def test_it_speaks_for_a_deploy_only_if_all_passed_lately_and_of_that_commit(wrong, more, said):
    assert wrong(**more) == said


def test_it_is_held_to_the_plan_that_lies_there(wrong, tmp_path):
    (tmp_path / "plan.json").write_text('{"checks": [{"test": "a"}, {"test": "z"}]}')
    assert wrong(due=()) == ("the run on staging left out 1 of 2 checks: z",)
    (tmp_path / "plan.json").write_text('{"checks": [1]}')
    assert _said(LlmopsError, wrong).startswith("plan.json is no plan.json: TypeError: ")


def _said(kind, act):
    with pytest.raises(kind) as told:
        act()
    return str(told.value)


def test_what_is_not_known_is_told(tmp_path):
    assert _said(Unsupported, lambda: staged(tmp_path, Staging(), "rag", _unread, NOW)) == (
        "no result of staging is named; give the path of its run.json: [targets.NAME.staging] result = …"
    )
    assert _said(LlmopsError, lambda: staged(tmp_path, STAGING, "rag", list, NOW)) == (
        "run.json is not there: no run against staging is known."
    )
    (tmp_path / "run.json").write_text("[]")
    assert _said(LlmopsError, lambda: staged(tmp_path, STAGING, "rag", list, NOW)) == (
        "run.json is no run.json: TypeError: 'list' object is not a mapping."
    )
    for checks, left, said in [
        ('["all"]', "{}", "'all' is no object"),
        ("[]", "[3]", "[3] is no object"),
        (
            "[]",
            '{"checks": null}',
            "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'",
        ),
    ]:
        (tmp_path / "run.json").write_text(
            f'{{"checks": {checks}, "not_made": {left}, "started": 0, "exit_status": 0}}'
        )
        told = _said(LlmopsError, lambda: staged(tmp_path, STAGING, "rag", list, NOW))
        assert told == f"run.json is no run.json: TypeError: {said}."
    (tmp_path / "run.json").write_text('{"checks": [], "started": 0, "exit_status": 0}')
    assert _said(LlmopsError, lambda: staged(tmp_path, STAGING, "rag", list, NOW)) == (
        "which commit is deployed is not known: COMMIT does not tell."
    )
