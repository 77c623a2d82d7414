"""Staging's last run: whether it speaks for what is about to be deployed."""

import json

import pytest

from pytest_llmops.errors import LlmopsError, Unsupported
from pytest_llmops.operate.staged import staged
from pytest_llmops.target.staging import Staging

NOW = 1_796_000_000.0
STAGING = Staging(result="run.json", commit="COMMIT")


@pytest.fixture
def wrong(tmp_path):
    def wrong(**more):
        checks = [{"test": "a", "outcome": "passed"}, {"test": "b", "outcome": "skipped"}]
        run = {"target": "staging", "commit": "a" * 40, "started": NOW - 3600, "checks": checks, **more}
        (tmp_path / "run.json").write_text(json.dumps(run))
        (tmp_path / "COMMIT").write_text("a" * 40 + "\n")
        return staged(tmp_path, STAGING, NOW).wrong

    return wrong


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ()),
        ({"commit": "b" * 40}, ("staging ran bbbbbbbbbbbb, and aaaaaaaaaaaa is deployed",)),
        ({"commit": ""}, ("staging ran no commit that it names, and aaaaaaaaaaaa is deployed",)),
        (
            {"checks": [{"test": "a", "outcome": "passed"}, {"test": "x", "outcome": "error"}]},
            ("on staging failed: x",),
        ),
        ({"checks": [{"test": "b", "outcome": "skipped"}]}, ("on staging no check passed",)),
        ({"not_made": {"checks": 3}}, ("on staging 3 checks were not made",)),
        ({"started": NOW - 8 * 86400}, ("the run on staging is 8 days old, more than 7 days",)),
    ],
)
def test_it_speaks_for_a_deploy_only_if_all_passed_lately_and_of_that_commit(wrong, more, said):
    assert wrong(**more) == said


def _said(kind, act):
    with pytest.raises(kind) as told:
        act()
    return str(told.value)


def test_what_is_not_known_is_told(tmp_path):
    assert _said(Unsupported, lambda: staged(tmp_path, Staging(), NOW)) == (
        "no result of staging is named; give the path of its run.json: [targets.NAME.staging] result = …"
    )
    assert _said(LlmopsError, lambda: staged(tmp_path, STAGING, NOW)) == (
        "run.json is not there: no run against staging is known."
    )
    (tmp_path / "run.json").write_text("[]")
    assert _said(LlmopsError, lambda: staged(tmp_path, STAGING, NOW)) == (
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
        (tmp_path / "run.json").write_text(f'{{"checks": {checks}, "not_made": {left}, "started": 0}}')
        told = _said(LlmopsError, lambda: staged(tmp_path, STAGING, NOW))
        assert told == f"run.json is no run.json: TypeError: {said}."
    (tmp_path / "run.json").write_text('{"checks": [], "started": 0}')
    assert _said(LlmopsError, lambda: staged(tmp_path, STAGING, NOW)) == (
        "which commit is deployed is not known: COMMIT does not tell."
    )
