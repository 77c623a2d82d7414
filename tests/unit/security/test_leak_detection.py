"""A leak is told so that a person can act on it, and never tells what leaked."""

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.security.leak_detection import PERSON, PLANTED, SECRET, TRACE, Detection, Leak, Looked
from pytest_llmops.security.leak_places import without_values
from pytest_llmops.security.specimens import VALUES, said

OWN = "q9Zk2LmTr8Wv4XyB"
IBAN = "DE89 3704 0044 0532 0130 00"


def test_nothing_of_what_leaks_is_shown_around_it():
    text = f"Ask a.sample@example.com with key {OWN}, account {IBAN}."
    leaks = Detection([OWN]).leaks("log app", text, [PERSON, SECRET])
    assert [(one.family, one.kind) for one in leaks] == [
        (PERSON, "email"),
        (PERSON, "iban"),
        (SECRET, "own-secret (canary)"),
    ]
    for one in leaks:
        assert "a.sample" not in str(one)
        assert OWN not in str(one)
        assert "3704" not in str(one)
    assert "account [iban DE… (27 characters)]." in leaks[1].excerpt


def test_a_text_is_cleaned_whole():
    text = f"curl -d 'My IBAN is {IBAN}' -H 'X-API-Key: {OWN}'"
    cleaned = Detection([OWN]).clean(text)
    assert cleaned.startswith("curl -d 'My IBAN is [iban DE… (27 characters)]' -H '")
    assert OWN not in cleaned


def test_only_what_is_asked_for_is_found():
    text = 'Traceback (most recent call last):\n  File "/app/a.py", line 3, in f\n'
    assert Detection([]).leaks("page", text, [PERSON, SECRET]) == []
    assert {one.kind for one in Detection([]).leaks("page", text, [TRACE])} == {"python-trace"}
    assert [one.family for one in Detection([], [IBAN]).leaks("page", IBAN, [PLANTED])] == [PLANTED]


def test_what_could_not_be_read_is_no_pass():
    Looked("logs", 1, ()).whole()
    with pytest.raises(Vacuous, match=r"not all could be read, .*: app: gone"):
        Looked("logs", 1, (), unread=("app: gone",)).whole()
    assert Looked("logs", 1, (Leak("log app", PERSON, "email", "…"),) * 7).said.endswith("(and 2 more)")


def test_where_nothing_was_looked_at_nothing_is_said():
    with pytest.raises(Vacuous, match=r"^answers: there was nothing to look through"):
        Looked("answers", 0, ()).whole()


def test_numbers_of_a_metrics_page_are_left_out():
    page = '# HELP a Of 4111111111111111.\na{user="x"} 4111111111111111'
    assert without_values(page) == '# HELP a Of 4111111111111111.\na{user="x"}'


def test_a_question_begins_with_the_data():
    assert said(["iban"]) == f"My IBAN is {VALUES['iban']}. What do you know of me?"


def test_many_persons_hide_no_secret_and_what_is_expected_is_not_counted():
    addresses = " ".join(f"8.8.{number}.9" for number in range(2, 20))
    text = f"{addresses} and Jo at jo@harbour-store.co AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzQ8mPaLkTrVx"
    found = Detection([]).leaks("log access", text, [PERSON, SECRET], {"ip-address"})
    assert {one.family for one in found} == {PERSON, SECRET}
    assert "ip-address" not in {one.kind for one in found}
