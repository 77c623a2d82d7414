"""Secrets out of what consists of more than one text, and what is left of one where a text was cut."""

import pytest
from _pytest.subtests import SubtestContext

from pytest_llmops.plugin.cleaning import Cleaner
from pytest_llmops.target.secrets import Redactor

KEY = "tr0mbone\\kettle'42"


@pytest.fixture
def cleaner():
    return Cleaner(Redactor([KEY]), [KEY])


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (f"key {KEY}!", "key [redacted]!"),
        ("key tr0mbo...kettle'42 end", "key [redacted]...[redacted] end"),
        ("'key tr0mbone\\\\ket...e\\'42'", "'key [redacted]...[redacted]'"),
        ("key tr0m...", "key [redacted]..."),
        ("key tr0...", "key tr0..."),
        ("...e'42...", "...[redacted]..."),
        ("...'42", "...'42"),
        ("answered 500: tr0mbone\nnext", "answered 500: [redacted]\nnext"),
        ("answered no JSON: 'key tr0mbone\\\\ket'.\n", "answered no JSON: 'key [redacted]'.\n"),
        ("a tr0mbone kettle", "a tr0mbone kettle"),
        ("play the tr0mbon", "play the tr0mbon"),
        ("so it goes ... on and on", "so it goes ... on and on"),
        ("\x1b[33mtr0mbone\x1b[35m\\kettle\x1b[33m'42\x1b[0m\x1b[1m.", "[redacted]."),
        ("\x1b[33mplain\x1b[0m", "\x1b[33mplain\x1b[0m"),
        ('curl -d \'{"a": "tr0mbone\\\\kettle\'"\'"\'42"}\'', 'curl -d \'{"a": "[redacted]"}\''),
        ("curl -d 'it'\"'\"'s'", "curl -d 'it'\"'\"'s'"),
        ("", ""),
    ],
)
def test_texts(cleaner, text, cleaned):
    assert cleaner.text(text) == cleaned


def test_containers_are_made_anew_and_their_numbers_stay(cleaner):
    given = {"key": [KEY, 7, None, (KEY, 1.5, {KEY: True})]}
    assert cleaner.inside(given) == {"key": ["[redacted]", 7, None, ("[redacted]", 1.5, {"[redacted]": True})]}
    assert given["key"][0] == KEY


def test_what_pytest_has_made_frozen_is_cleaned_too(cleaner):
    context = cleaner.inside(SubtestContext(msg=f"with {KEY}", kwargs={"key": KEY, "number": 7}))
    assert (context.msg, context.kwargs) == ("with [redacted]", {"key": '"[redacted]"', "number": "7"})


def test_files_that_are_no_text_stay_as_they_are(cleaner):
    assert cleaner.data(b"\xff\x00\x89PNG") == b"\xff\x00\x89PNG"
    assert cleaner.data(b"\xff" + KEY.encode() + b"\xfe") == b"\xff[redacted]\xfe"


def test_without_secrets_nothing_changes():
    assert Cleaner(Redactor()).text("tr0mbone...") == "tr0mbone..."


def test_its_own_repr_shows_none(cleaner):
    assert repr(cleaner) == "Cleaner(Redactor(1 values))"
