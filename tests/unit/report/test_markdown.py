import html
import re

import pytest

from pytest_llmops.report.markdown import LONGEST, escaped, fitting, named, table

TRICKY = (
    "a|b",
    "two\nlines\r\nand\ttabs",
    "`code`",
    "*bold* _it_ __x__",
    "<script>&amp;",
    "[a](http://x)",
    "~~no~~ $x$",
    "back\\slash",
)


def unescaped(text):
    """What a renderer shows of it."""
    return html.unescape(re.sub(r"\\([\\`*_\[\]])", r"\1", text))


@pytest.mark.parametrize("text", TRICKY)
def test_any_text_is_shown_as_it_is_on_one_line_of_one_cell(text):
    made = escaped(text)
    assert unescaped(made) == " ".join(text.split())
    assert not re.search(r"[|<>$~\n]|(?<!\\)[`*\[\]]", made.replace("\\\\", ""))


def test_an_underscore_within_a_word_needs_no_escape():
    assert escaped("daily/test_it.py::test_a") == "daily/test_it.py::test_a"
    assert escaped("_a_ a__b") == r"\_a\_ a\_\_b"


def test_a_long_text_is_cut_before_it_is_escaped():
    made = escaped("|" * (LONGEST + 50))
    assert unescaped(made) == "|" * (LONGEST - 1) + "…"


def test_a_name_stands_in_the_letters_of_code():
    assert named("x[a|b]") == r"<code>x\[a&#124;b\]</code>"


def test_a_table_has_its_numbers_on_the_right():
    assert table(("metric", "n"), [("a", "30")], ("n",)) == ["", "| metric | n |", "| --- | ---: |", "| a | 30 |", ""]


def test_half_of_a_surrogate_pair_is_spelled_out():
    assert fitting("an answer \ud83d\n", 100, "rest") == "an answer \\ud83d\n"
    assert fitting("\ud83d\n" * 20, 30, "rest") == "\\ud83d\n" * 3 + "\nrest\n"


def test_what_fits_stays_as_it_is():
    assert fitting("one\ntwo\n", 8, "rest") == "one\ntwo\n"


@pytest.mark.parametrize("most", range(8, 40))
def test_what_does_not_fit_is_cut_between_lines_and_says_where_the_rest_is(most):
    made = fitting("häls\n" * 20, most, "rest")
    assert len(made.encode()) <= most
    assert re.fullmatch(r"(häls\n)*\nrest\n", made)


@pytest.mark.parametrize("most", [5, 0, -3])
def test_where_there_is_no_room_nothing_is_left(most):
    assert fitting("one line\n" * 3, most, "rest") == ""
