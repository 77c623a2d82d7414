"""Slopes with their intervals, and when a limit is reached."""

import math
import random

import pytest

from pytest_llmops.judge.trends import Trend, exhaustion, trend


def test_a_straight_line_is_found_exactly():
    found = trend([0, 1, 2, 3, 4, 5, 6, 7], [10 + 2 * day for day in range(8)])
    assert (found.per_day, found.low, found.high) == (2, 2, 2)
    assert (found.level, found.values, found.days) == (24, 8, 7)
    assert found.grows


def test_the_order_in_which_values_come_is_nothing_to_it():
    days, values = [5, 0, 3, 1, 9, 7], [6.0, 1.0, 4.5, 2.5, 10.0, 8.0]
    assert trend(days, values) == trend(*map(list, zip(*sorted(zip(days, values, strict=True)), strict=True)))


def test_odd_days_do_not_bend_it():
    values = [100.0 + day for day in range(30)]
    values[4], values[17], values[28] = 9000.0, 0.0, 5000.0
    found = trend(range(30), values)
    assert found.per_day == pytest.approx(1, abs=0.05)
    assert found.level == pytest.approx(129, abs=1)


def test_the_interval_is_of_ranked_slopes():
    """By hand: slopes are -1, 4, 4.33, 5, 5.5, 6.25, 6.67, 7, 9, 12; 80 % reach the 2nd and 9th."""
    found = trend([1, 2, 3, 4, 5], [10, 22, 21, 30, 35], confidence=0.8)
    assert (found.low, found.per_day, found.high) == (4, 5.875, 9)


def test_the_interval_holds_the_slope_as_often_as_it_says():
    held = 0
    for seed in range(300):
        draw = random.Random(seed)
        values = [5 + 0.3 * day + draw.gauss(0, 2) for day in range(20)]
        found = trend(range(20), values)
        held += found.low <= 0.3 <= found.high
    assert 0.92 <= held / 300 <= 0.99


def test_three_values_have_no_interval():
    found = trend([0, 1, 2], [1, 2, 3])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert not found.grows


def test_what_never_moves_has_no_slope():
    found = trend(range(10), [7.0] * 10)
    assert (found.per_day, found.low, found.high, found.level) == (0, 0, 0, 7)


@pytest.mark.parametrize(("days", "values"), [([], []), ([3], [1.0]), ([2, 2], [1.0, 5.0])])
def test_two_moments_are_needed(days, values):
    with pytest.raises(ValueError, match=r"^a trend needs values of two moments at least$"):
        trend(days, values)


def test_days_and_values_go_together():
    with pytest.raises(ValueError, match=r"^2 days and 1 values$"):
        trend([1, 2], [1])


def test_a_limit_is_reached_between_two_days():
    found = exhaustion(Trend(2.0, 1.0, 4.0, level=60.0, values=30, days=29), 100.0)
    assert (found.days, found.earliest, found.latest) == (20, 10, 40)


@pytest.mark.parametrize("seed", range(10))
def test_when_a_disk_that_fills_evenly_is_full(seed):
    """100 GB and 1 GB a day more; files that come and go are 1 GB of noise. Of 200 GB it is full in 71 days."""
    draw = random.Random(seed)
    values = [100 + day + draw.gauss(0, 1) for day in range(30)]
    found = exhaustion(trend(range(30), values), 200)
    assert found.days == pytest.approx(71, rel=0.1)
    assert found.earliest < found.days < found.latest


def test_what_is_known_of_now_goes_before_the_line():
    assert exhaustion(Trend(2.0, 1.0, 4.0, level=60.0, values=30, days=29), 100.0, now=96.0).days == 2


def test_what_may_not_grow_may_never_be_used_up():
    found = exhaustion(Trend(0.5, -0.5, 1.0, level=60.0, values=30, days=29), 100.0)
    assert (found.days, found.earliest, found.latest) == (80, 40, math.inf)
    assert exhaustion(Trend(0.0, 0.0, 0.0, 60.0, 30, 29), 100.0).days == math.inf


def test_what_is_used_up_is_so_now():
    found = exhaustion(Trend(-1.0, -2.0, 0.0, level=101.0, values=30, days=29), 100.0)
    assert (found.days, found.earliest, found.latest) == (0, 0, 0)
