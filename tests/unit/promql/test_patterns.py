"""Matchers' patterns: what RE2 and Python read alike is matched as a whole, the rest is refused in a sentence."""

import pytest

from pytest_llmops.promql import Memory, PromqlError, instant
from pytest_llmops.promql.patterns import compiled


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("5..", "503"),
        ("api|web", "web"),
        (r"a\.b\\c", r"a.b\c"),
        (r"\(\?=x", "(?=x"),
        ("(?i)API", "api"),
        ("(?P<one>a)(?i:B)(?:c)", "abc"),
        ("[*+?]+x", "+*?x"),
        ("[]a]+", "]a"),
        ("a.b", "a\nb"),
        (r"\d{2,3}\x41", "12A"),
    ],
)
def test_what_is_read_alike_fits_as_a_whole(pattern, text):
    assert compiled(pattern).fullmatch(text)
    assert not compiled(pattern).fullmatch(f"{text}\n")


def test_letters_and_digits_are_those_of_ascii():
    assert not compiled(r"\w\d").fullmatch("é٣")


@pytest.mark.parametrize(
    ("pattern", "strange"),
    [
        (r"\pL+", r"\p"),
        (r"x\z", r"\z"),
        (r"x\Z", r"\Z"),
        (r"\Qa\E", r"\Q"),
        (r"(a)\1", r"\1"),
        (r"\x{41}", r"\x{"),
        ("[a[:digit:]]", "[:digit:]"),
        ("[[:alpha:]]+", "[:alpha:]"),
        ("(?=a)a", "(?="),
        ("(?<n>a)", "(?<"),
        ("a(?#b)", "(?#"),
        ("(?x)a", "(?x"),
        ("a*+", "*+"),
        ("a{,3}", "{,"),
    ],
)
def test_what_is_read_otherwise_is_refused(pattern, strange):
    with pytest.raises(PromqlError) as caught:
        compiled(pattern)
    assert str(caught.value) == f"{strange!r} in the pattern {pattern!r} is not known here"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a(", "missing ), unterminated subpattern at position 1"),
        ("[a--b]", "Possible set difference at position 2"),
    ],
)
def test_what_is_none_is_refused(pattern, why):
    with pytest.raises(PromqlError) as caught:
        compiled(pattern)
    assert str(caught.value) == f"the pattern {pattern!r} cannot be read: {why}"


def test_an_expression_that_has_such_a_one_says_so():
    memory = Memory()
    memory.add({"__name__": "up", "job": "api"}, 1.0, 1.0)
    with pytest.raises(PromqlError) as caught:
        instant(r'up{job=~"\\pL+"}', memory, 2.0)
    assert str(caught.value) == r"""'up{job=~"\\\\pL+"}': '\\p' in the pattern '\\pL+' is not known here."""
