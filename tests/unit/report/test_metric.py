"""How a metric reads that has no limits of how many times worse it is (a capacity), or no such number (a pass rate)."""

import pytest

from pytest_llmops.report.board.findings import findings
from pytest_llmops.report.board.remembered import Remembered
from pytest_llmops.report.board.rows import metrics_of
from pytest_llmops.report.board.writing import html
from pytest_llmops.report.metric import sentence, state_of, times
from pytest_llmops.report.properties import properties
from pytest_llmops.report.summary import markdown

from ...recorded import recorded

CAPACITY = {
    "name": "search.capacity", "unit": "1/s", "value": 8.0, "baseline": 12.0, "ratio": 1.5, "low": None, "high": None,
    "n": 1, "state": "regression", "suspect": False, "threshold": None, "reason": "8/s hold; 12 1/s by 3 runs",
    "last_good": None,
}  # fmt: skip


@pytest.fixture
def slower():
    """A run with one red check, whose capacity is less than it was."""
    run = recorded("regression")
    red = next(one for one in run["checks"] if one["category"] == "regression")
    return {**run, "checks": [{**red, "metrics": [CAPACITY]}]}


def test_it_is_told_without_them_everywhere(slower):
    assert times(CAPACITY) == "1.50"
    assert sentence(CAPACITY) == "search.capacity 8 1/s, baseline 12 1/s, 1.50 times worse, regression"
    assert ("llmops.metric.search.capacity.ratio", "1.50") in properties(slower["checks"][0], "here")
    assert "| 8 1/s | 12 1/s | 1.50 | 1 |" in markdown(slower)
    assert [(one.figure, one.beside) for one in findings(slower) if one.tone == "bad"] == [
        ("1.50\N{NO-BREAK SPACE}times", "")
    ]
    assert "search.capacity" in html(slower, Remembered())


def test_a_share_that_became_less_has_no_times_and_a_board(slower):
    share = {**CAPACITY, "name": "golden", "unit": "%", "value": 71.0, "baseline": 93.0, "ratio": None}
    red = {**slower["checks"][0], "metrics": [share]}
    run = {**slower, "checks": [red, {**red, "test": "daily/other.py::test_it", "metrics": [CAPACITY]}]}
    told = [(one.figure, one.beside) for one in findings({**run, "checks": [red]}) if one.tone == "bad"]
    assert told == [("71 %", "baseline 93 %")]
    assert "golden" in html(run, Remembered())


RATE = {**CAPACITY, "name": "x.error_rate", "unit": "", "value": 0.0, "ratio": None, "state": "inconclusive"}


@pytest.mark.parametrize(
    ("changed", "state", "chip"),
    [
        ({}, "recorded", "recorded"),
        ({"threshold": {"target": "<= 5 %"}}, "recorded", "holds"),
        ({"state": "ok"}, "ok", "ok"),
        ({"state": "not-comparable"}, "not-comparable", "not-comparable"),
        ({"value": 0.1}, "inconclusive", "inconclusive"),
        ({"name": "x", "unit": "s"}, "inconclusive", "inconclusive"),
    ],
)
def test_an_error_rate_of_zero_that_too_few_calls_compare_is_nothing_to_look_at(slower, changed, state, chip):
    rate = {**RATE, **changed}
    assert state_of(rate) == state
    judged, merely = metrics_of({**slower, "checks": [{**slower["checks"][0], "metrics": [rate]}]}, Remembered())
    assert [one.state for one in [*judged, *merely]] == [chip]
