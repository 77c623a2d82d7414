"""A mean beside that of the period before: what is beyond doubt, and what is chance."""

import math

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.shift import peak_up_pct, shift, shift_of_one

STEADY = [10.0, 10.2, 9.8, 10.1, 9.9]


def test_what_rose_by_half_has_surely_risen_by_nearly_as_much():
    found = shift(STEADY, [15.0, 15.3, 14.7, 15.1, 14.9])
    assert found.pct == pytest.approx(50.0)
    assert 45 < found.up_pct < 50
    assert found.down_pct == 0
    assert found.off_pct == found.up_pct


def test_what_fell_is_down():
    found = shift(STEADY, [5.0, 5.2, 4.8, 5.1, 4.9])
    assert (found.up_pct, found.off_pct) == (0, found.down_pct)
    assert 45 < found.down_pct < 50


def test_a_difference_that_may_be_chance_is_none():
    found = shift([10.0, 20.0, 5.0], [15.0, 30.0, 6.0])
    assert found.pct > 40
    assert (found.up_pct, found.down_pct) == (0, 0)


def test_values_without_any_spread_differ_by_what_they_differ():
    assert shift([4.0] * 3, [5.0] * 3).up_pct == 25


def test_it_says_both_means():
    said = str(shift([4.0, 4.0, 4.0], [5.0, 5.0, 5.0]))
    assert said == "mean 5, 4 in the period before: +25 % ± 0"


def test_of_nothing_before_all_is_new():
    assert shift([0.0] * 4, [2.0] * 4).up_pct == 100
    assert shift([0.0] * 4, [0.0] * 4).off_pct == 0


def test_what_is_below_zero_rises_and_falls_as_all_else_does():
    before = [-0.4, -0.6, -0.5, -0.55, -0.45]
    assert shift(before, [-0.45, -0.52, -0.5, -0.6, -0.42]).off_pct == 0
    assert shift(before, [-0.86, -0.88, -0.9, -0.87, -0.89]).down_pct > 50
    assert shift([0.0] * 4, [-0.5] * 4).down_pct == 100
    assert peak_up_pct([-4.0] * 3, [-2.0] * 3) == 50


def test_too_few_values_are_not_compared():
    with pytest.raises(Vacuous) as raised:
        shift(STEADY[:2], STEADY)
    said = "5 values of this period and 2 of the one before are too few to compare; it takes 3 of each."
    assert str(raised.value) == said


def test_a_single_value_scatters_as_those_before_do():
    risen = shift_of_one(STEADY, 15.0)
    assert (risen.now, risen.pct, risen.values) == (15.0, pytest.approx(50), 6)
    assert risen.margin_pct == pytest.approx(2.132 * 0.15811 * math.sqrt(1 + 1 / 5) * 10, rel=1e-3)  # t of 4, at 95 %
    assert shift_of_one([8.0, 12.0, 9.0, 11.0], 7.0).off_pct == 0
    assert shift_of_one([4.0] * 3, 5.0).up_pct == 25
    with pytest.raises(Vacuous) as raised:
        shift_of_one(STEADY[:2], 15.0)
    assert str(raised.value) == "2 values before are too few to say how one scatters; it takes 3."


def test_one_value_above_the_peak_of_before_may_be_chance():
    week = [20.0, 21.0, 22.0, 20.0, 19.0, 24.0, 25.0]
    assert peak_up_pct(week, [*week[1:], 90.0]) == 0
    assert peak_up_pct(week, [20.0, 21.0, 22.0, 40.0, 70.0, 80.0, 90.0]) == pytest.approx(60)  # the fourth of them


def test_as_few_values_as_there_may_be_have_all_to_be_above_it():
    assert peak_up_pct([10.0, 9.0, 8.0], [15.0, 20.0, 12.0]) == pytest.approx(20)
    assert peak_up_pct([0.0] * 3, [2.0] * 3) == 100
    assert peak_up_pct([0.0] * 3, [0.0] * 3) == 0
    with pytest.raises(Vacuous, match="it takes 3 of each"):
        peak_up_pct([10.0, 9.0], [15.0, 20.0, 12.0])


def test_many_values_beside_few_are_compared():
    few = [float(i % 10) for i in range(10)]
    assert peak_up_pct(few, [float(i % 12) for i in range(3000)]) == 0
    assert peak_up_pct(few, [float(i % 12) + 9 for i in range(3000)]) == pytest.approx(800 / 9)
