"""What an answer brings in from elsewhere than its sources: figures, names, sentences."""

import pytest

from pytest_llmops.detect.grounding import check, sentences

TEXTS = [
    "Express delivery with Northline costs 9.50 euros and takes one working day. The depot in Antwerp opens at 6 p.m.",
    "Standard delivery is free for orders above 50 euros. Nadia Verbeke manages the Spanish depots.",
]
GERMAN = ["Der Versand kostet 4,95 Euro und dauert drei Werktage. Das Lager in Kiel leitet Frau Petersen."]


def found(answer, texts=TEXTS):
    return [(one.kind, one.text) for one in check(answer, texts).strays]


@pytest.mark.parametrize(
    "answer",
    [
        "Express delivery costs 9.50 euros.",
        "Orders above €50 are delivered free; an express delivery is EUR 9.5.",
        "The Antwerp depot opens at 18:00.",
        "It takes 1 working day.",
        "Nadia Verbeke manages depots in Spain.",
        "The sources don't mention DHL, nor what 7 parcels cost.",
        "Happy to help! Is there anything else?",
        "",
    ],
)
def test_what_stands_in_the_texts_is_grounded(answer):
    review = check(answer, TEXTS)
    assert (review.grounded, str(review)) == (True, "")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Express delivery costs 7.50 euros.", "7.50 euros"),
        ("Express delivery costs 9.50 dollars.", "9.50 dollars"),
        ("Standard delivery costs 6 euros.", "6 euros"),
        ("The depot opens at 19:30.", "19:30"),
        ("Express delivery takes 1 working day and costs 9.50 million euros.", "9.50 million euros"),
    ],
)
def test_a_figure_that_no_text_gives_with_that_unit_is_from_elsewhere(answer, text):
    assert found(answer) == [("figure", text)]


@pytest.mark.parametrize(
    ("answer", "texts", "name"),
    [
        ("Express delivery with Hermes costs 9.50 euros.", TEXTS, "Hermes"),
        ("DHL delivers orders above 50 euros for free.", TEXTS, "DHL"),
        ("The depots in Antwerp and Ghent open at 6 p.m.", TEXTS, "Ghent"),
        ("Das Lager in Kiel leitet Frau Wenzel.", GERMAN, "Wenzel"),
        ("Der Versand nach Norwegen kostet 4,95 Euro.", GERMAN, "Norwegen"),
    ],
)
def test_a_name_of_no_text_is_from_elsewhere(answer, texts, name):
    assert found(answer, texts) == [("name", name)]


def test_a_german_noun_is_no_name():
    assert found("Die Versandkosten betragen laut den Angaben 4,95 €, die Dauer drei Werktage.", GERMAN) == []


def test_a_sentence_about_something_else_is_told_beside_one_that_is_right():
    review = check("Express delivery costs 9.50 euros. Penguins huddle to survive polar nights.", TEXTS)
    assert str(review) == (
        "sentence 'Penguins huddle to survive polar nights.': 0% of its words stand in the sources, not 30%"
    )


def test_how_much_of_a_sentence_has_to_stand_there_is_the_callers_to_say():
    answer = "Express delivery is quick, comfortable and punctual."
    assert check(answer, TEXTS, 0.2).grounded
    assert not check(answer, TEXTS, 0.8).grounded


def test_nothing_stands_in_no_text():
    assert [kind for kind, _ in found("Parcels are delivered quickly everywhere.", [])] == ["sentence"]


def test_an_abbreviated_title_ends_no_sentence():
    assert sentences("Dr. Lee agrees. So do I; we all do.\n- One") == [
        "Dr. Lee agrees.",
        "So do I",
        "we all do.",
        "- One",
    ]
