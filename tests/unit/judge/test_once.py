"""One value of a run against one of each accepted run."""

import numpy as np
import pytest

from pytest_llmops.judge.once import FEWEST, judge_once

QUIET = (10.0, 10.2, 9.9, 10.1, 9.8)


def judged(before, now, exact=0.2):
    return judge_once(before, now, exact=exact)


@pytest.mark.parametrize(
    ("now", "state"),
    [(10.0, "ok"), (10.1, "ok"), (11.5, "inconclusive"), (30.0, "regression"), (2.0, "improvement")],
)
def test_what_the_runs_own_scatter_explains_is_not_red(now, state):
    verdict = judged(QUIET, now)
    assert (verdict.state, verdict.suspect) == (state, False)
    assert verdict.ratio == pytest.approx((now + 0.2) / 10.2, rel=0.01)
    assert verdict.low < verdict.ratio < verdict.high


def test_runs_that_lie_far_apart_hide_what_quiet_ones_show():
    assert judged(QUIET, 25.0).state == "regression"
    assert judged((5.0, 10.0, 20.0, 8.0, 14.0), 25.0).state == "inconclusive"


def test_nothing_lost_before_and_much_now_is_red_and_nothing_is_divided_by_0():
    assert judged((0.0,) * 5, 0.0).state == "ok"
    assert judged((0.0,) * 5, 0.1).state == "ok"
    lost = judged((0.0,) * 5, 5.0)
    assert (lost.state, lost.ratio) == ("regression", pytest.approx(26))
    assert lost.reason == "26.00 times worse, and the accepted runs do not lie so far apart"
    assert judged((5.0,) * 5, 0.0).state == "improvement"


def test_a_change_that_is_less_than_it_is_exact_is_none():
    verdict = judged((0.01, 0.02, 0.01, 0.01, 0.02), 0.15)
    assert verdict.state == "ok"
    assert verdict.reason.endswith("; it is exact to 0.2 s")


def test_too_few_accepted_runs_decide_nothing():
    assert judged((), 10.0).state == "no-baseline"
    few = judged(QUIET[:4], 1000.0)
    assert (few.state, few.suspect, few.ratio) == ("inconclusive", False, None)
    assert few.reason == f"one value of a run needs {FEWEST} accepted runs; there are 4"


@pytest.mark.parametrize("spread", [0.05, 0.1, 0.4])
@pytest.mark.parametrize("runs", [5, 20])
def test_unchanged_values_are_red_in_one_of_a_thousand_at_most_and_tripled_ones_mostly(spread, runs):
    draw = np.random.default_rng(7)
    values = np.exp(draw.normal(3, spread, (1500, runs + 1)))
    red = sum(judged(tuple(one[:-1]), float(one[-1])).state == "regression" for one in values)
    assert red <= 4
    if spread <= 0.1:
        found = sum(judged(tuple(one[:-1]), float(3 * one[-1])).state == "regression" for one in values)
        assert found > 0.75 * len(values)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"exact": 0.0}, "exact 0 and tau0 0.05 must be above 0, threshold 1.2 above 1"),
        ({"exact": 1.0, "threshold": 1.0}, "exact 1 and tau0 0.05 must be above 0, threshold 1 above 1"),
    ],
)
def test_settings_that_decide_nothing_are_refused(settings, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        judge_once(QUIET, 10.0, **settings)
    with pytest.raises(ValueError, match=r"^values must not be below 0: -1$"):
        judged(QUIET, -1.0)
