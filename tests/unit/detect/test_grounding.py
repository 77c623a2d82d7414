"""How far an answer rests on texts: its figures one by one, its words as a share."""

import pytest

from pytest_llmops.detect.grounding import check

TEXTS = [
    "Express delivery costs 9.50 euros and takes one working day.",
    "Standard delivery is free for orders above 50 euros.",
]


@pytest.mark.parametrize(
    "answer",
    [
        "Express delivery costs 9.50 euros.",
        "Orders above €50 are delivered free; an express delivery is 9.5 euros.",
        "",
    ],
)
def test_what_stands_in_the_texts_is_grounded(answer):
    found = check(answer, TEXTS)
    assert (found.grounded, str(found)) == (True, "")


def test_a_figure_of_no_text_is_told_by_its_place():
    found = check("Express delivery costs 7.50 euros.", TEXTS)
    assert not found.grounded
    assert [(one.defect, one.found) for one in found.figures.findings] == [("altered", "7.50 euros")]
    assert str(found) == str(found.figures.findings[0])


def test_an_answer_about_something_else_is_told_by_its_words():
    found = check("Penguins breed in Antarctica, far from any express train.", TEXTS)
    assert (found.words, found.strange, found.grounded) == (
        6,
        ("Penguins", "breed", "Antarctica", "far", "train"),
        False,
    )
    assert str(found) == ("17% of its words stand in its sources, not 40%; not Penguins, breed, Antarctica, far, train")


def test_how_many_words_have_to_stand_there_is_the_callers_to_say():
    answer = "Express delivery is quick, comfortable and punctual."
    assert check(answer, TEXTS).share == pytest.approx(0.4)
    assert check(answer, TEXTS, 0.4).grounded
    assert not check(answer, TEXTS, 0.5).grounded


def test_a_long_list_of_words_is_cut():
    said = str(check("Alpha bravo charlie delta foxtrot golf hotel india juliett kilo.", TEXTS))
    assert said.endswith("not Alpha, bravo, charlie, delta, foxtrot, golf, hotel, india and 2 more")


def test_nothing_stands_in_no_text():
    assert check("Express delivery costs little.", []).share == 0
