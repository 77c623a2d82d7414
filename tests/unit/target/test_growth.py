"""The past of an embedded target under its faults."""

import pytest

from pytest_llmops.target.growth import Past, past_of

DAY_S = 86_400.0
OK = Past.model_validate({"days": 30, "metrics": {"points": {"first": 1, "last": 2}, "calls": {"first": 5, "last": 5}}})
RUNAWAY = Past.model_validate({"newest": "2 d", "metrics": {"points": {"first": 1, "last": 90}}})
CASES = {"ok": OK, "runaway": RUNAWAY}


def test_the_healthy_past_is_ok():
    assert past_of(CASES, []) == past_of(CASES, ["llm:down"]) == OK


def test_a_case_lies_over_it():
    found = past_of(CASES, ["past:runaway"])
    assert (found.days, found.every, found.newest) == (30, DAY_S, 2 * DAY_S)
    assert (found.metrics["points"].last, found.metrics["calls"].last) == (90, 5)


def test_a_stale_past_ended_a_month_ago():
    assert past_of(CASES, ["past:stale"]).newest == 31 * DAY_S
    assert past_of(CASES, ["past:stale", "past:runaway"]).newest == 32 * DAY_S


@pytest.mark.parametrize(("cases", "faults"), [({}, []), (CASES, ["past:none"]), ({"runaway": RUNAWAY}, [])])
def test_there_may_be_none(cases, faults):
    assert past_of(cases, faults) is None
