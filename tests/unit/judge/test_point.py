import math

import numpy as np
import pytest

from pytest_llmops.judge import MIN_N, judge_point, judge_samples
from pytest_llmops.samples import STATISTICS


def runs(seed, count=1, n=120, level=0.5, sigma=0.3):
    rng = np.random.default_rng(seed)
    return [list(level * np.exp(sigma * rng.normal(size=n))) for _ in range(count)]


def level(metric, sigma=0.3):
    """What the statistic of an endless run around half a second would be."""
    z = {"typical": 0, "p50": 0, "p90": 1.2816, "p95": 1.6449, "p99": 2.3263}
    return 0.5 * math.exp(sigma**2 / 2 if metric == "mean" else sigma * z[metric])


@pytest.mark.parametrize("metric", STATISTICS)
def test_a_point_that_holds_is_ok_and_one_far_exceeded_a_regression(metric):
    now = runs(1, n=600)
    held = judge_point(metric, level(metric), now, tau0=0.03)
    assert (held.state, held.suspect, held.n) == ("ok", False, 600)
    assert held.ratio == pytest.approx(1, rel=0.15)
    exceeded = judge_point(metric, level(metric) / 1.6, now)
    assert (exceeded.state, exceeded.suspect) == ("regression", False)
    assert exceeded.ratio == pytest.approx(1.6 * held.ratio)


def test_better_than_expected_is_ok_and_never_an_improvement():
    assert judge_point("p95", 10.0, runs(1)).state == "ok"
    assert judge_samples("p95", runs(2, level=6.0), runs(1)).state == "improvement"


def test_the_point_counts_as_one_run_without_noise():
    now = runs(1, n=240)
    constant = [[0.4] * 240]
    point, run = judge_point("p50", 0.4, now), judge_samples("p50", constant, now)
    assert (point.ratio, point.low, point.high) == pytest.approx((run.ratio, run.low, run.high), rel=1e-2)


def test_the_offset_between_days_stays():
    now = runs(1, n=240)

    def width(tau0):
        found = judge_point("p50", 0.5, now, tau0=tau0)
        return math.log(found.high / found.low)

    assert width(0.10) > 1.5 * width(0.03)
    assert judge_point("p50", 0.5, runs(1, 2, n=240)).high < judge_point("p50", 0.5, now).high


def test_reasons_are_sentences():
    now = runs(1, n=240)
    found = judge_point("p95", 0.5, now)
    assert found.reason == (
        f"p95 is {found.ratio:.2f} times worse than the 0.5 s that were expected; at best it is {found.low:.2f} times "
        "worse, and the threshold is 1.20"
    )
    found = judge_point("typical", 0.7, now)
    assert found.reason == (
        f"typical is {1 / found.ratio:.2f} times better than the 0.7 s that were expected; at worst it is "
        f"{1 / found.high:.2f} times better, and the threshold is 1.20"
    )
    found = judge_point("p50", float(np.median(now)), now)
    assert found.reason == (
        f"p50 is the {np.median(now):.4g} s that were expected; at worst it is {found.high:.2f} times worse, and the "
        "threshold is 1.20"
    )
    found = judge_point("p50", 0.4, now, tau0=0.3)
    assert (found.state, found.suspect) == ("inconclusive", True)
    assert found.reason == (
        f"p50 is {found.ratio:.2f} times worse than the 0.4 s that were expected, but {1 / found.low:.2f} times better "
        f"and {found.high:.2f} times worse are both possible; unchanged runs differ by as much from one day to "
        "another, so no number of calls would settle it: accept runs as a baseline"
    )


def test_a_rate_has_a_point_as_well():
    rates = runs(1, n=240, level=40.0)
    found = judge_point("p95", 40.0, rates, higher_is_better=True)
    assert found.state == "regression"
    assert found.ratio == pytest.approx(level("p95") / 0.5, rel=0.1)
    assert found.reason == (
        f"p95 is {found.ratio:.2f} times worse than the 40 that were expected; at best it is {found.low:.2f} times "
        "worse, and the threshold is 1.20"
    )
    assert judge_point("p95", 10.0, rates, higher_is_better=True).state == "ok"


def test_below_the_floor_nothing_matters():
    found = judge_point("p50", 0.004, runs(1, level=0.0064), floor=0.005)
    assert (found.state, judge_point("p50", 0.004, runs(1, level=0.0064)).state) == ("ok", "regression")
    assert found.reason == (
        f"p50 is {found.ratio:.2f} times worse than the 0.004 s that were expected, a change of "
        f"{0.004 * (found.ratio - 1):.3g} s; less than 0.005 s is nobody's problem"
    )


@pytest.mark.parametrize("metric", STATISTICS)
def test_too_few_values_are_not_judged(metric):
    n = MIN_N[metric]
    short = judge_point(metric, 0.1, runs(1, n=n - 1))
    assert (short.state, short.suspect, short.ratio) == ("inconclusive", False, None)
    assert short.reason == f"{metric} needs {n} values in every run; the shortest has {n - 1}"
    assert judge_point(metric, 0.1, runs(1, n=n)).state == "regression"


def test_lost_calls_are_the_slowest():
    now = runs(1)
    now[0][10:30] = [math.inf] * 20
    assert judge_point("p95", 1.0, now).state == "regression"
    assert judge_point("p95", 1.0, [[math.inf] * 60]).state == "regression"
    assert judge_point("mean", 1.0, now).reason == (
        "17% of the calls never came back, and mean of the others would flatter (survivorship)"
    )


def test_without_values_nothing_is_judged():
    assert judge_point("p50", 1.0, [[]]).reason == "no call of the current side gave a value"


@pytest.mark.parametrize("point", [0.0, -1.0, math.inf, math.nan])
def test_what_is_no_point_is_refused(point):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole text is compared)
        judge_point("p50", point, runs(1))
    assert str(caught.value) == f"the point to compare with is {point:g}; it must be above zero, and finite"
