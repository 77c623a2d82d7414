"""What the runbook table of a target may say, and what is wrong with what it may not."""

import pytest
from pydantic import ValidationError

from pytest_llmops.target.runbook import Runbook


def wrong(**table):
    with pytest.raises(ValidationError) as caught:
        Runbook.model_validate(table)
    return [error["msg"].removeprefix("Value error, ") for error in caught.value.errors()]


def test_schedules():
    Runbook.model_validate({"cron": {"a": {"schedule": "0 8 * * Mon-Fri", "runs": "warm"}}})
    for text in ("every day", "0 * * * * *"):
        assert wrong(cron={"a": {"schedule": text, "runs": "warm"}}) == [
            f"{text!r} is no cron schedule; write five fields, for example '*/5 * * * *' or '0 8 * * 1-5'"
        ]


def test_patterns():
    assert wrong(version="Version") == ["'Version' must have one group: what it picks out"]
    assert wrong(dates={"a": "(a)(b)"}) == ["'(a)(b)' must have one group: what it picks out"]
    assert wrong(windows={"a": "(?P<day>x)"}) == [
        "'(?P<day>x)' lacks the group (?P<opens>…), (?P<closes>…); week (first) and half (AM, PM) may be there too"
    ]
    assert wrong(version="(") == ["'(' is not a regular expression (missing ), unterminated subpattern at position 0)"]


@pytest.mark.parametrize(
    "named",
    [
        {"program": "a"},
        {"command": "a"},
        {"path": "a"},
        {"path": "/a", "component": "api"},
        {"absent": "gone"},
        {"path": "a", "absent": "gone"},
    ],
)
def test_names(named):
    assert Runbook.model_validate({"names": {"a": named}}).names["a"].absent == named.get("absent", "")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({}, "names one of program, command, path; with absent it may name none"),
        ({"program": "a", "command": "b"}, "names one of program, command, path; with absent it may name none"),
        ({"program": "a", "component": "api"}, "component goes with path: what is asked for there"),
    ],
)
def test_names_that_are_none(named, said):
    assert wrong(names={"a": named}) == [said]
