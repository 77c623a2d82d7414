"""The pass rate of repeated cases, its limits, and its change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.judge.pass_change import by_chance, pass_change
from pytest_llmops.judge.pass_rate import CaseRuns, pass_rate
from pytest_llmops.samples.wilson import interval

counts = st.integers(1, 6).flatmap(lambda answers: st.tuples(st.integers(0, answers), st.just(answers)))


def runs(counts, digest=""):
    return [CaseRuns(f"c{at}", passes, answers, digest=digest) for at, (passes, answers) in enumerate(counts)]


@given(st.lists(counts, min_size=1, max_size=40))
def test_limits_enclose_the_rate(drawn):
    rate = pass_rate(runs(drawn))
    assert 0 <= rate.low <= rate.value <= rate.high <= 1
    assert rate.value == sum(passes for passes, _ in drawn) / sum(answers for _, answers in drawn)


@given(st.lists(counts, min_size=1, max_size=40))
def test_answers_tell_no_more_than_their_number_and_no_less_than_that_of_the_cases_by_size(drawn):
    rate, sizes = pass_rate(runs(drawn)), [answers for _, answers in drawn]
    assert sum(sizes) ** 2 / sum(size**2 for size in sizes) <= rate.effective * (1 + 1e-9)
    assert rate.effective <= rate.answers * (1 + 1e-9)


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(1, 5))
def test_repeats_that_never_differ_tell_nothing_new(passed, repeats):
    once = pass_rate(runs([(int(one), 1) for one in passed]))
    often = pass_rate(runs([(int(one) * repeats, repeats) for one in passed]))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


@given(st.lists(counts, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_order_is_nothing(drawn, random):
    turned = list(drawn)
    random.shuffle(turned)
    one, other = pass_rate(runs(drawn)), pass_rate(runs(turned))
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_cases_that_differ_little_count_as_so_many_calls():
    rate = pass_rate(runs([(2, 3), (3, 3)] * 30))  # less spread between them than chance alone makes
    assert rate.effective == 180
    assert rate.high == pytest.approx(interval(150, 180, 1.6711)[1], abs=1e-4)


def test_cases_that_always_or_never_pass_count_once_each():
    rate = pass_rate(runs([(3, 3)] * 50 + [(0, 3)] * 10))
    assert rate.effective == pytest.approx(60)
    assert rate.high == pytest.approx(0.8985, abs=1e-3)


def test_a_case_without_an_answer_tells_nothing():
    told = runs([(1, 2), (2, 2)])
    assert pass_rate([*told, CaseRuns("lost", 0, 0, lost=2)]) == pass_rate(told)
    with pytest.raises(ValueError, match="no pass rate of no answers"):
        pass_rate([CaseRuns("lost", 0, 0, lost=2)])


@pytest.mark.parametrize("given", [(3, 2, 0), (-1, 2, 0), (1, 2, -1)])
def test_counts_that_cannot_be(given):
    with pytest.raises(ValueError, match="cannot be"):
        CaseRuns("one", *given)


shares = st.lists(st.sampled_from([-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1]), max_size=8)


@given(shares)
def test_turned_signs_are_counted_one_by_one(drawn):
    moved = [one for one in drawn if one]
    turned = [0.0]
    for one in moved:
        turned = [before + sign * one for before in turned for sign in (-1, 1)]
    wanted = sum(one <= sum(moved) + 1e-9 for one in turned) / len(turned)
    assert by_chance(np.array(drawn)) == pytest.approx(wanted)


@given(st.lists(counts, min_size=1, max_size=20))
def test_the_same_again_is_no_change(drawn):
    change = pass_change([runs(drawn)], runs(drawn))
    assert (change.value, change.p, change.fell) == (0, 1, ())
    assert change.state == ("ok" if len(drawn) > 1 else "inconclusive")  # of one case anything is possible


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=20))
def test_a_fall_one_way_is_a_rise_the_other(drawn):
    first, second = runs([one for one, _ in drawn]), runs([other for _, other in drawn])
    there, back = pass_change([first], second), pass_change([second], first)
    assert (there.value, there.low) == pytest.approx((-back.value, -back.high))
    mirrored = {"regression": "improvement", "improvement": "regression"}
    assert back.state == mirrored.get(there.state, back.state)


def test_seven_cases_that_fell_are_a_regression_and_six_are_not():
    """A half to the power of seven is below one per cent."""
    before = runs([(3, 3)] * 60)
    states = [pass_change([before], runs([(0, 3)] * fell + [(3, 3)] * (60 - fell))).state for fell in (6, 7)]
    assert states == ["inconclusive", "regression"]


def test_a_fall_says_which_cases_and_how_sure():
    change = pass_change([runs([(3, 3)] * 10)], runs([(3, 3), (1, 3), *[(0, 3)] * 8]))
    assert (change.state, change.fell[-1], len(change.fell)) == ("regression", "c1", 9)
    assert change.reason == "-86.7 points over 10 cases of the accepted runs; chance alone does so in 0.2% of all cases"


def test_what_is_another_case_now_is_not_compared():
    before, now = runs([(3, 3)] * 20, "old"), [*runs([(0, 3)] * 20, "new")]
    change = pass_change([before], now)
    assert (change.state, change.value, change.cases, len(change.altered)) == ("not-comparable", None, 0, 20)
    assert change.reason == "no case is as the accepted runs have it"


def test_a_case_that_is_no_longer_asked_is_named():
    before = runs([(3, 3)] * 3)
    assert pass_change([before], before[:2]).missing == ("c2",)


def test_repeats_of_several_runs_add_up():
    change = pass_change([runs([(3, 3)] * 4), runs([(0, 3)] * 4)], runs([(1, 2)] * 4))
    assert change.value == 0
