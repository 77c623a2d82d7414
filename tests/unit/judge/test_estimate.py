import math

import numpy as np
import pytest

from pytest_llmops.judge.estimate import at_least, inflation, log_shift, log_statistic, statistic


@pytest.mark.parametrize(
    ("name", "expected"),
    [("typical", 3.0), ("mean", 22.0), ("p50", 3.0), ("p90", 61.6), ("p95", 80.8), ("p99", 96.16)],
)
def test_plain_values_are_the_textbooks(name, expected):
    assert statistic([100.0, 1.0, 3.0, 2.0, 4.0], name) == pytest.approx(expected)


def test_a_lost_call_makes_a_statistic_infinite_only_where_it_reaches_it():
    values = [1.0] * 10 + [math.inf]
    assert statistic(values, "typical") == 1.0
    assert statistic(values, "p90") == 1.0
    assert statistic(values, "p95") == math.inf
    assert statistic(values, "mean") == math.inf
    assert statistic([math.inf, math.inf], "p50") == math.inf


@pytest.mark.parametrize(("name", "rank"), [("p50", 1), ("p90", 6), ("p95", 7), ("p99", 9)])
def test_few_values_say_what_a_quantile_is_at_the_least(name, rank):
    assert at_least([*range(10, 0, -1)], name) == rank


def test_of_one_value_nothing_is_known():
    assert at_least([7.0], "p95") is None


@pytest.mark.parametrize("name", ["p90", "p95", "p99"])
def test_what_a_quantile_is_at_the_least_is_too_much_in_one_run_of_a_hundred_at_most(name):
    true = {"p90": 2.3026, "p95": 2.9957, "p99": 4.6052}[name]
    runs = np.random.default_rng(5).exponential(size=(4000, 10))
    assert np.mean([at_least(run, name) > true for run in runs.tolist()]) <= 0.012


def test_an_unknown_statistic_is_named():
    with pytest.raises(ValueError, match="p96") as caught:
        statistic([1.0], "p96")
    assert str(caught.value) == (
        "unknown statistic 'p96'; there are typical, mean, p50, p90, p95, p99. Did you mean 'p99' or 'p95' or 'p90'?"
    )


def test_no_values_have_no_statistic():
    with pytest.raises(ValueError, match="no values") as caught:
        statistic([], "p95")
    assert str(caught.value) == "there is no p95 of no values"


@pytest.mark.parametrize(("name", "most"), [("mean", 1.2), ("p50", 1.25), ("p90", 1.5), ("p95", 1.6)])
def test_the_stated_variance_is_seen_over_many_runs_and_errs_to_the_safe_side(name, most):
    rng = np.random.default_rng(3)
    found = [log_statistic(np.exp(0.3 * rng.normal(size=120)), name) for _ in range(600)]
    seen = np.var([one.log for one in found])
    stated = np.mean([one.variance for one in found])
    assert 0.9 < stated / seen < most


def test_the_shift_is_the_median_of_all_differences():
    rng = np.random.default_rng(4)
    before, now = np.exp(0.5 * rng.normal(size=41)), np.exp(0.2 + 0.5 * rng.normal(size=30))
    every = np.subtract.outer(np.log(now), np.log(before))
    found = log_shift(before, now)
    assert found.log == pytest.approx(float(np.median(every)), abs=1e-9)
    assert math.sqrt(found.variance) == pytest.approx(0.5 * math.sqrt(1 / 41 + 1 / 30), rel=0.3)


def test_constant_values_have_an_estimate():
    constant = np.full(12, 2.0)
    assert log_shift(constant, 2 * constant).log == pytest.approx(math.log(2))
    assert log_statistic(constant, "p90").variance > 0
    assert inflation([np.log(constant)]) == 1.0


def test_autocorrelation_inflates():
    rng = np.random.default_rng(5)
    noise = rng.normal(size=4000)
    drifting = [noise[0]]
    for step in noise[1:]:
        drifting.append(0.5 * drifting[-1] + step)
    assert inflation([noise]) == pytest.approx(1.0, abs=0.1)
    assert inflation([np.array(drifting)]) == pytest.approx(3.0, rel=0.15)
