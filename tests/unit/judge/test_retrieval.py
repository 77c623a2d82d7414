"""Recall, rank, empty results, agreement: known numbers, and falls that chance explains or does not."""

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.retrieval import Ranking, Retrieved, fall, ranks_of, worse_pct


def ranking(query, *ranks, names=("a", "b", "c"), scores=()):
    return Ranking(query, ranks, names, scores)


def test_the_figures_of_a_round():
    found = Retrieved(
        (
            ranking("first", 1, scores=(0.9, 0.5, 0.1)),
            ranking("third", 3, scores=(0.5, 0.4, 0.3)),
            ranking("half", 2, None, scores=(0.7, 0.2, 0.1)),
            ranking("late", 4, scores=(0.3, 0.2, 0.1)),
            ranking("nothing", None, names=()),
        ),
        3,
    )
    assert found.recall_pct == pytest.approx(100 * (1 + 1 + 0.5 + 0 + 0) / 5)
    assert found.hit_pct == pytest.approx(60)
    assert found.mrr == pytest.approx((1 + 1 / 3 + 1 / 2 + 1 / 4 + 0) / 5)
    assert found.empty_pct == pytest.approx(20)
    assert found.missed == ("late", "nothing")
    assert found.similarity_p50 == pytest.approx(0.6)
    assert found.said == "5 labelled queries, first 3; not found: late, nothing"


def test_nothing_asked_is_no_recall():
    with pytest.raises(Vacuous, match="no labelled query was asked"):
        Retrieved((), 3)


def test_no_score_is_no_similarity_of_nothing():
    with pytest.raises(Vacuous, match="no result of the labelled queries has a score"):
        _ = Retrieved((ranking("one", 1),), 3).similarity_p50


@pytest.mark.parametrize(
    ("expected", "names", "ranks"),
    [
        ([["returns"]], ["delivery", "Returns"], (2,)),
        ([["returns"], ["delivery"]], ["delivery", "x"], (None, 1)),
        ([["a", "b"]], ["x", "b", "a"], (2,)),
        ([["python.org"]], ["https://example.com/python.org", "https://docs.python.org/3/"], (2,)),
        ([["python.org"]], ["https://notpython.org/", "https://python.org:443/x"], (2,)),
        ([["https://python.org/about"]], ["https://python.org/", "https://python.org/about/"], (2,)),
        ([["returns"]], [], (None,)),
        ([["turn"]], ["returns"], (None,)),
    ],
)
def test_ranks(expected, names, ranks):
    assert ranks_of(expected, names) == ranks


def test_rounds_agree_place_by_place():
    first = Retrieved((ranking("one", 1), ranking("two", 1)), 2)
    second = Retrieved((ranking("one", 1, names=("b", "a", "c")), ranking("two", 1)), 2)
    assert first.agreement_pct(first) == 100
    assert first.agreement_pct(second) == pytest.approx(50)
    with pytest.raises(Vacuous, match="two rounds cannot differ"):
        Retrieved((ranking("one", None, names=()),), 2).agreement_pct(Retrieved((ranking("one", None, names=()),), 2))


def test_a_result_that_came_once_is_a_place_that_differs():
    whole, less = Retrieved((ranking("one", 1),), 3), Retrieved((ranking("one", 1, names=("a",)),), 3)
    assert whole.agreement_pct(less) == pytest.approx(100 / 3)


def test_a_fall_of_all_queries_is_no_chance():
    found = fall([1.0] * 8, [0.5] * 8)
    assert (found.pct, found.surely_pct) == (pytest.approx(50), pytest.approx(50))
    assert found.p == pytest.approx(1 / 2**8)


def test_a_fall_of_two_queries_may_be_chance():
    found = fall([1.0] * 10, [0.0, 0.0] + [1.0] * 8)
    assert found.pct == pytest.approx(20)
    assert found.p == pytest.approx(1 / 4)
    assert found.surely_pct == 0


def test_what_rises_or_stays_has_not_fallen():
    assert fall([0.5] * 8, [1.0] * 8).surely_pct == 0
    assert fall([0.5] * 8, [0.5] * 8).p == 1


def test_many_queries_are_drawn_from_and_come_to_the_same():
    before, now = [1.0] * 40, [0.8] * 30 + [1.1] * 10
    assert fall(before, now) == fall(before, now)
    assert fall(before, now).p < 0.01
    evenly = fall([1.0] * 40, [0.9, 1.1] * 20)
    assert 0.3 < evenly.p <= 1


def test_a_fall_is_of_the_same_queries():
    with pytest.raises(ValueError, match="2 values before, 1 now"):
        fall([1.0, 1.0], [1.0])
    with pytest.raises(Vacuous, match="no query of the accepted canary"):
        fall([], [])


def test_worse_is_never_below_zero():
    assert worse_pct(0.5, 0.4) == pytest.approx(20)
    assert worse_pct(0.5, 0.6) == 0
    with pytest.raises(ValueError, match="cannot be compared"):
        worse_pct(0.0, 0.1)
