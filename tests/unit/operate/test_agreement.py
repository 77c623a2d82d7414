"""A restored collection is as its source, or the difference is said in words of its own."""

import pytest

from pytest_llmops.clients.prints import Print, Prints
from pytest_llmops.clients.vectors import Hit
from pytest_llmops.operate.agreement import agreement, disagreement, since

SOURCE = {number: Print(f"v{number}", f"p{number}") for number in range(1, 18)}


def prints(points, total=None, whole=True):
    return Prints(len(points) if total is None else total, points, whole)


def wrong(restored, before=SOURCE, after=None):
    return agreement(prints(before), prints(restored), prints(before if after is None else after)).wrong


def without(*ids):
    return {one: print_ for one, print_ in SOURCE.items() if one not in ids}


def test_what_is_the_same_agrees():
    found = agreement(prints(SOURCE), prints(SOURCE), prints(SOURCE))
    assert (found.compared, found.meanwhile, found.wrong) == (17, frozenset(), ())


def test_each_difference_has_words_of_its_own():
    assert wrong(without(5)) == ("1 of 17 points is lost: 5",)
    assert wrong(without(*range(1, 8))) == ("7 of 17 points are lost: 1, 2, 3, 4, 5 and 2 others",)
    assert wrong({**SOURCE, 3: Print("other", "p3")}) == ("1 of 17 points is restored with another vector: 3",)
    assert wrong({**SOURCE, 3: Print("v3", "other")}) == ("1 of 17 points is restored with another payload: 3",)
    assert wrong({**SOURCE, 99: Print("x", "x")}) == ("1 of 18 points is none of the source's: 99",)
    assert wrong({}) == ("the restore was answered with success, and the collection holds none of the 17 points",)
    assert wrong({one: Print("x", "x") for one in SOURCE}) == (
        "it is another corpus: 0 of 17 points agree with the source's, and it holds 17",
    )


def test_what_changed_meanwhile_is_not_lost():
    """The snapshot was made after 1 had gone, 2 had changed and 90 had come; 91 came and 92 went after it."""
    before = {**SOURCE, 92: Print("v92", "p92")}
    after = {**without(1), 2: Print("new", "p2"), 90: Print("v90", "p90"), 91: Print("v91", "p91")}
    snapshot = {**without(1), 2: Print("new", "p2"), 90: Print("v90", "p90"), 92: Print("v92", "p92")}
    found = agreement(prints(before), prints(snapshot), prints(after))
    assert found.wrong == ()
    assert found.meanwhile == {1, 2, 90, 91, 92}
    assert found.compared == 15


@pytest.mark.parametrize(
    ("earlier", "unlike", "changed", "said"),
    [
        (SOURCE, 0, set(), ""),
        (without(1), 100 / 17, {1}, ""),
        ({**SOURCE, 3: Print("other", "p3")}, 100 / 17, {3}, ""),
        ({**SOURCE, 99: Print("gone", "since")}, 100 / 18, {99}, ""),
        ({}, 100, set(SOURCE), "the restore was answered with success, and the collection holds none of the 17 points"),
        (without(*range(1, 10)), 100 * 9 / 17, set(range(1, 10)), ""),  # the source has more than doubled since
        (
            {**without(*range(1, 10)), **{number: Print("other", "x") for number in range(1, 10)}},
            100 * 9 / 17,
            set(range(1, 10)),
            "it is another corpus: 8 of 17 points agree with the source's, and it holds 17",
        ),
    ],
)
def test_what_is_not_as_in_an_earlier_snapshot_is_a_share(earlier, unlike, changed, said):
    found = since(prints(earlier), prints(SOURCE))
    assert (found.same, found.changed) == (len(SOURCE.keys() - changed), changed)
    assert found.unlike_pct == pytest.approx(unlike)
    assert found.wrong == ((said,) if said else ())


def test_of_a_sample_that_an_earlier_snapshot_has_nothing_of_it_is_another_corpus():
    assert since(prints({}, 30_000, whole=False), prints(SOURCE, 30_000, whole=False)).wrong == (
        "it is another corpus: 0 of 17 points agree with the source's, and it holds 30000",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: held.pop(7), "1 of 15 points is lost: 7"),
        (lambda held: held.update({7: Print("x", "p7")}), "1 of 15 points is restored with another vector: 7"),
    ],
)
def test_what_is_lost_in_a_live_collection_is_found_beside_what_changed(change, said):
    after = {**without(1), 2: Print("new", "p2")}
    held = dict(after)
    change(held)
    assert wrong(held, after=after) == (said,)


def test_of_a_sample_the_counts_are_compared_as_well():
    some = {one: SOURCE[one] for one in (1, 2, 3)}
    before, after = prints(some, 1000, whole=False), prints(some, 1003, whole=False)
    assert agreement(before, prints(some, 1001, whole=False), after).wrong == ()
    assert agreement(before, prints(some, 999, whole=False), after).wrong == (
        "it holds 999 points, and its source 1000 to 1003",
    )
    assert agreement(before, prints(some, 999, whole=False), before).wrong == (
        "it holds 999 points, and its source 1000",
    )


def hits(*found):
    return [Hit(str(one), score) for one, score in found]


def test_a_search_that_finds_the_same_does_not_differ():
    here = hits((1, 1.0), (2, 0.5), (3, 0.4))
    assert disagreement(here, here, frozenset()) == ""
    assert disagreement(here, hits((1, 1.0), (2, 0.5), (9, 0.4)), frozenset()) == ""  # as near as the last one
    assert disagreement(here, hits((1, 1.0), (9, 0.5), (3, 0.4)), frozenset()) == (
        "it finds 1 (1.0000), 9 (0.5000), 3 (0.4000), and in the source 1 (1.0000), 2 (0.5000), 3 (0.4000)"
    )
    assert disagreement(here, [], frozenset()).startswith("it finds nothing, and in the source 1 (1.0000)")
    assert disagreement(here, hits((1, 1.0), (3, 0.4), (4, 0.3)), frozenset({2})) == ""
    assert disagreement(here, hits((3, 0.4), (4, 0.3)), frozenset({2})) != ""
