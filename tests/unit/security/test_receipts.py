"""What a receipt says of a store, and what a page of them holds: never more of the person than the user's id."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.security.person import Person
from pytest_llmops.security.receipts import STORES, Erased, Receipt

SEEN = st.sampled_from([None, True, False])
RECEIPTS = st.builds(Receipt, st.sampled_from(STORES), SEEN, SEEN, st.sampled_from(["", "nothing says where."]))


def erased(*receipts, **more):
    told = {"status": 202, "deletion": "d1", "state": "completed", "completed": True, "steps": {}, "wrong": []}
    who = {"seed": "0af3", "user": Person("0af3").user, "took_s": 1.25, "within_s": 60.0, "in_time": True}
    return Erased(**{**who, **told, **more}, receipts=receipts)


@pytest.mark.parametrize(
    ("receipt", "outcome", "said"),
    [
        (Receipt("cache", True, False), "gone", "was found there before the deletion, and is not any more"),
        (Receipt("cache", True, True), "kept", "is found there after the deletion"),
        (Receipt("cache", False, True), "kept", "is found there after the deletion"),
        (Receipt("cache", False, False), "vacuous", "was not found there before the deletion, so that proves nothing"),
    ],
)
def test_what_was_seen_decides(receipt, outcome, said):
    assert (receipt.outcome, receipt.said) == (outcome, f"cache: the person {said}")


def test_a_store_that_keeps_by_contract_is_unsupported_and_what_is_found_there_is_said():
    receipt = Receipt("logs", True, True, why="questions are logged in clear.")
    assert receipt.outcome == "unsupported"
    assert receipt.said == "logs: questions are logged in clear (the person is still found there)"


@given(RECEIPTS)
def test_only_what_was_seen_and_is_gone_is_gone(receipt):
    assert (receipt.outcome == "gone") == (receipt.before is True and not receipt.after and not receipt.why)
    if receipt.outcome == "unsupported":
        with pytest.raises(Unsupported):
            receipt.required()
    elif receipt.outcome == "vacuous":
        with pytest.raises(Vacuous):
            receipt.required()
    else:
        assert receipt.required() is receipt


def test_a_store_where_nobody_looked_is_no_pass():
    with pytest.raises(Unsupported, match=r"^backups: nobody looked there\.$"):
        erased(Receipt("api", True, False)).receipt("backups").required()


@given(st.lists(RECEIPTS, max_size=8))
def test_an_erasure_is_the_same_once_another_process_has_read_it(receipts):
    made = erased(*receipts, steps={"vectors": "success"})
    assert Erased.of_json(json.loads(json.dumps(made.as_json()))) == made
    assert len(made.kept) == sum(one.outcome == "kept" for one in receipts)


def test_the_page_has_a_row_for_each_store_and_no_word_of_the_person():
    person = Person("0af3")
    page = erased(
        Receipt("vectors", True, True), Receipt("backups", why="nobody looks there"), steps={"traces": "failed"}
    ).document("staging")
    assert "| vectors | yes | yes | kept | the person is found there after the deletion |" in page
    assert "| backups | not looked | not looked | unsupported | nobody looks there |" in page
    assert "- traces: failed" in page
    assert person.user in page
    assert not any(trace in page for trace in (person.name, person.email, person.phrase))


UNSEEN = Receipt("api", False, False), Receipt("logs", why="nobody can look there")


def test_that_a_deletion_ended_says_nothing_where_nobody_was_written():
    for receipts in ((), UNSEEN):
        with pytest.raises(Vacuous, match=r"was seen in any store before the deletion, .*security\.erasure\.point"):
            erased(*receipts).proven()


def test_that_it_ended_says_something_where_somebody_was_seen_and_that_it_did_not_always_does():
    for one in (Receipt("cache", True, False), Receipt("cache", False, True)):
        done = erased(*UNSEEN, one)
        assert done.proven() is done
    for wrong in ({"completed": False}, {"in_time": False}):
        done = erased(*UNSEEN, **wrong)
        assert done.proven() is done
