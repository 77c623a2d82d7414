"""PromQL over series in memory: the cases that runbooks stumble over, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.promql import Memory, PromqlError, instant, labels_of, over
from pytest_llmops.promql.buckets import quantile


@pytest.fixture
def memory():
    """Ten minutes of two routes: 10 requests a sample, 1 of 20 of them a 500; and a target that went away."""
    memory = Memory()
    for at in range(0, 601, 30):
        memory.add({"__name__": "requests_total", "status": "200"}, at, 1000 + at / 30 * 19)
        memory.add({"__name__": "requests_total", "status": "500"}, at, 1000 + at / 30)
        memory.add({"__name__": "up", "job": "api"}, at, 1.0)
    memory.add({"__name__": "gone", "job": "old", "empty": ""}, 500, 7.0)
    memory.end(labels_of({"__name__": "gone", "job": "old"}), 530)
    return memory


def test_a_ratio_label_by_label_is_one(memory):
    expr = 'rate(requests_total{status=~"5.."}[5m]) / rate(requests_total[5m])'
    assert instant(expr, memory, 600) == {(("status", "500"),): 1.0}
    summed = 'sum(rate(requests_total{status=~"5.."}[5m])) / sum(rate(requests_total[5m]))'
    assert instant(summed, memory, 600) == {(): pytest.approx(0.05)}


def test_a_series_that_ended_is_found_by_ranges_only(memory):
    assert instant("gone", memory, 520) == {(("__name__", "gone"), ("job", "old")): 7.0}
    assert instant("gone", memory, 530) == {}
    assert instant("last_over_time(gone[5m])", memory, 600) == {(("__name__", "gone"), ("job", "old")): 7.0}
    memory.add({"__name__": "gone", "job": "old"}, 560, 8.0)
    assert instant("gone", memory, 600) == {(("__name__", "gone"), ("job", "old")): 8.0}


def test_a_series_is_old_after_five_minutes(memory):
    assert instant("count(up)", memory, 899) == {(): 1.0}
    assert instant("count(up)", memory, 900) == {}


def test_what_no_float_holds_is_infinite_or_no_number():
    memory = Memory()
    for name, at, value in (("a", 0, 1e308), ("b", 0, 1e308), ("c", 0, -math.inf), ("a", 30, -1e308)):
        memory.add({"__name__": "x", "of": name}, at, value)
    assert instant('sum(x{of!="c"})', memory, 0) == {(): math.inf}
    assert math.isnan(instant("sum(x / 0)", memory, 0)[()])
    assert instant('stddev_over_time(x{of="a"}[1m])', memory, 30) == {(("of", "a"),): math.inf}


def test_old_samples_are_forgotten(memory):
    memory.forget(590)
    assert instant("count_over_time(up[10m])", memory, 600) == {(("job", "api"),): 1.0}
    assert {dict(key)["__name__"] for key in memory} == {"requests_total", "up"}


def test_a_time_of_it_is_a_curve_a_series(memory):
    curves = over("up", memory, 0, 60, 30)
    assert curves == {(("__name__", "up"), ("job", "api")): [(0, 1.0), (30, 1.0), (60, 1.0)]}
    assert over("2", memory, 0, 1, 0.5) == {(): [(0.0, 2.0), (0.5, 2.0), (1.0, 2.0)]}


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("up{", "'up{' is no PromQL: unexpected end of input inside braces."),
        ("up offset 5m", "'up offset 5m': offset and @ are not known here."),
        ("up @ 5", "'up @ 5': offset and @ are not known here."),
        ('up{a="b" or c="d"}', "'up{a=\"b\" or c=\"d\"}': 'or' between matchers is not known here."),
        ("up[5m]", "'up[5m]': a range has no value at one moment; put a function such as rate() around it."),
        (
            "avg_over_time(rate(up[1m])[5m:1m])",
            (
                "'avg_over_time(rate(up[1m])[5m:1m])': avg_over_time() of a subquery is not known here; give it a "
                "series and a range."
            ),
        ),
        ("topk(3, up)", "'topk(3, up)': topk is not known here; known: sum, avg, min, max, count, group."),
        (
            "predict_linear(up[5m], 60)",
            "'predict_linear(up[5m], 60)': the function predict_linear() is not known here.",
        ),
        ("up atan2 up", "'up atan2 up': the operator atan2 is not known here."),
        (
            "up * on (job) group_left requests_total",
            (
                "'up * on (job) group_left requests_total': group_left and group_right are not known here; match one "
                "to one."
            ),
        ),
        ('"words"', "'\"words\"': StringLiteral is not known here."),
        (
            "up + on () requests_total",
            (
                "'up + on () requests_total': found duplicate series for the match group {} on the right hand-side of "
                "the operation; many-to-many matching not allowed: matching labels must be unique on one side."
            ),
        ),
        (
            "requests_total + on () up",
            (
                "'requests_total + on () up': multiple matches for labels: many-to-one matching must be explicit "
                "(group_left/group_right)."
            ),
        ),
        (
            '{__name__=~"up|gone"} * 1 or {__name__=~"up|gone", job=""} * 1 or rate({job="api"}[1m]) + vector(1)',
            None,
        ),
    ],
)
def test_what_is_refused_and_how(memory, expr, said):
    if said is None:
        assert instant(expr, memory, 600)
        return
    with pytest.raises(PromqlError) as caught:
        instant(expr, memory, 600)
    assert str(caught.value) == said


def test_names_that_were_the_difference():
    memory = Memory()
    memory.add({"__name__": "one", "job": "x"}, 0, 1.0)
    memory.add({"__name__": "two", "job": "x"}, 0, 1.0)
    with pytest.raises(PromqlError) as caught:
        instant('{job="x"} * 2', memory, 0)
    assert str(caught.value) == ('\'{job="x"} * 2\': vector cannot contain metrics with the same labelset: {job="x"}.')


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.floats(0.001, 1))
def test_a_quantile_is_never_above_the_last_finite_bound(counts, share):
    bounds = (0.1, 0.5, 1.0, math.inf)
    summed = [(bound, float(sum(counts[: at + 1]))) for at, bound in enumerate(bounds)]
    found = quantile(share, summed)
    assert math.isnan(found) if not sum(counts) else 0 <= found <= 1.0


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_a_counters_increase_is_never_negative(values):
    memory = Memory()
    for number, value in enumerate(values):
        memory.add({"__name__": "count"}, float(number), value)
    (increase,) = instant("increase(count[1h])", memory, float(len(values))).values()
    assert increase >= 0
