"""Answers to a golden set: which cases count, by what, and what is said of those that do not pass."""

import json

import pytest

from pytest_llmops.errors import NotInstalled, Unsupported, Vacuous
from pytest_llmops.golden.answers import CaseAnswers, Given, GoldenAnswers, halved, kinds_of
from pytest_llmops.golden.consistency import lost as lost_in
from pytest_llmops.target.golden import Consistent

RIGHT = Given("so", {})
LOST = Given("", {}, "api: no answer within 3 s.")
UNJUDGED = Given("so", {}, unjudged={"language": "telling needs it: install it."})


def case(name="a", *given, tags=(), expects=("contains",)):
    return CaseAnswers(name, f"{name}?", tuple(tags), "abc", tuple(expects), given or (RIGHT,))


def wrong(**missed):
    return Given("no", missed)


def test_an_answer_passes_by_the_kinds_that_count_alone():
    both = case("a", wrong(language="in en"), RIGHT, LOST, expects=("contains", "language"))
    answers = GoldenAnswers("api", (both, case("b")))
    assert [(one.passes, one.answers, one.lost) for one in answers.runs] == [(1, 2, 1), (1, 1, 0)]
    of_text, of_language = answers.expecting("contains"), answers.expecting("language")
    assert [(one.id, one.passes) for one in of_text.runs] == [("a", 2), ("b", 1)]
    assert [(one.id, one.passes) for one in of_language.runs] == [("a", 1)]


def test_what_cannot_be_judged_is_said_by_those_that_count_it_alone():
    answers = GoldenAnswers("api", (case("a", UNJUDGED, expects=("contains", "language")),))
    assert [one.passes for one in answers.expecting("contains").runs] == [1]
    for some in (answers, answers.expecting("language")):
        with pytest.raises(NotInstalled, match=r"^telling needs it: install it\.$"):
            _ = some.runs


def test_cases_of_a_tag_keep_the_kinds_that_count():
    answers = GoldenAnswers(
        "api", (case("a", wrong(contains="lacks 'x'"), tags=["t"], expects=("numbers",)), case("b"))
    )
    assert [one.passes for one in answers.tagged("t").runs] == [0]
    assert [one.passes for one in answers.tagged("t").expecting("numbers").runs] == [1]


@pytest.mark.parametrize(
    ("some", "which"),
    [
        (lambda one: one.expecting("refused", "schema"), "expects refused or schema"),
        (lambda one: one.tagged("x"), "has the tag 'x'"),
    ],
)
def test_none_is_vacuous(some, which):
    with pytest.raises(Vacuous) as caught:
        some(GoldenAnswers("api", (case(),)))
    assert str(caught.value) == f"golden dataset: no case {which}, so none could fail; write some."


DECLINED, BLOCKED = Given("I'm sorry, but I can't answer that.", {}), Given("", {})


def test_where_all_decline_nothing_is_claimed():
    answers = GoldenAnswers("api", (case("a", DECLINED, LOST), case("b", BLOCKED)), ("grounded",))
    with pytest.raises(Vacuous) as caught:
        answers.unless_all_declined()
    assert str(caught.value) == (
        "golden dataset: every answer was blocked or declines, so none claims what could be wrong."
    )


@pytest.mark.parametrize("other", [RIGHT, wrong(grounded="invented"), Given("", {"grounded": "the answer is empty"})])
def test_where_one_claims_something_or_says_nothing_all_are_judged(other):
    answers = GoldenAnswers("api", (case("a", DECLINED, other),), ("grounded",))
    assert answers.unless_all_declined() is answers


def test_where_no_answer_came_none_declined():
    answers = GoldenAnswers("api", (case("a", LOST),), ("grounded",))
    assert answers.unless_all_declined() is answers


def test_what_was_kept_as_json_is_the_same():
    answers = GoldenAnswers("api", (case("a", wrong(numbers="dropped"), LOST, UNJUDGED, tags=["t", "u"]), case("b")))
    assert GoldenAnswers.read(json.loads(json.dumps(answers.as_json()))) == answers


def test_kinds_with_a_rate_of_a_tags_cases():
    cases = (case("a", tags=["t"], expects=("contains", "numbers")), case("b", tags=["t"], expects=("refused",)))
    answers = GoldenAnswers("api", (*cases, case("c", expects=("schema",))))
    rates = ["numbers", "refusal", "schema"]
    found = answers.tagged("t").rated(rates)
    assert {kind: [one.id for one in some.cases] for kind, some in found.items()} == {
        "numbers": ["a"],
        "refusal": ["b"],
    }
    assert answers.rated(rates) == answers.tagged("t").expecting("numbers").rated(rates) == {}


def test_halves_of_a_refusal_are_kinds_of_their_own():
    assert kinds_of({"refusal": True, "exact": "x"}) == ("refused", "exact")
    assert kinds_of({"refusal": False}) == ("answered",)
    assert halved(("answered",), {"refusal": "it is refused"}) == {"answered": "it is refused"}


def test_what_is_said_names_a_few_and_why():
    cases = tuple(case(f"c{number}", RIGHT, wrong(contains=f"lacks {number}")) for number in range(7))
    said = GoldenAnswers("api", cases).said([one.id for one in cases])
    assert said[0] == "  c0: contains: lacks 0"
    assert said[-1] == "  and 2 more cases"
    assert len(said) == 6


def test_the_document_has_a_row_for_each_case():
    answers = GoldenAnswers("api", (case("a", wrong(contains="lacks 'x|y'"), LOST, tags=["t"]), case("b")))
    assert answers.document("golden", "half passed", ["b is waived"]).split("\n") == [
        "# golden",
        "",
        "half passed.",
        "",
        "- b is waived",
        "",
        "| case | tags | passed | what did not hold |",
        "|---|---|---|---|",
        "| a | t | 0 of 1, 1 lost | contains: lacks 'x\\|y' |",
        "| b |  | 1 of 1 |  |",
        "",
    ]


LEVELS = Consistent(tag="levels", figures=["$215.00"], terms={"advice": ["buy|purchase", "sell"]})


def levels(**texts):
    cases = tuple(case(name, Given(text, {}), tags=["levels"]) for name, text in texts.items())
    return GoldenAnswers("llm", cases, consistent={"levels": LEVELS})


def test_answers_that_agree():
    assert (
        levels(short="BUY at $215.00.", long="We advise a purchase; the target is $215.").disagreements("levels") == []
    )


def test_answers_that_differ_are_named_with_what_each_says():
    found = levels(short="Buy at $215.00.", long="Sell at $251.00.", none="At $215.00.").disagreements("levels")
    assert found == [
        "long (1) does not give $215.00",
        "none (1) has no advice (buy|purchase, sell)",
        "advice is not the same: 'buy|purchase' in short (1); 'sell' in long (1)",
    ]


def test_one_answer_agrees_with_nobody():
    with pytest.raises(Vacuous) as caught:
        levels(short="Buy at $215.00.").disagreements("levels")
    said = "of the cases with the tag 'levels' there are fewer than two, so that they may differ"
    assert str(caught.value) == f"golden dataset: {said}."


def test_a_level_that_was_not_answered_may_differ():
    cases = [case(name, Given("Buy at $215.00.", {}), tags=["levels"]) for name in ("short", "long")]
    lost = case("longest", LOST, tags=["levels"])
    with pytest.raises(Vacuous, match="of the cases with the tag 'levels' longest was not answered, so that they may"):
        GoldenAnswers("llm", (*cases, lost), consistent={"levels": LEVELS}).disagreements("levels")
    two = GoldenAnswers("llm", (*cases, lost, case("shortest", LOST, tags=["levels"])), consistent={"levels": LEVELS})
    with pytest.raises(Vacuous, match="levels' longest, shortest were not answered, so"):
        two.disagreements("levels")
    wrong = case("long", Given("Buy at $215.00, up 9 %.", {"numbers": "invented: '9 %'"}), tags=["levels"])
    answers = GoldenAnswers("llm", (cases[0], wrong, lost), consistent={"levels": LEVELS})
    assert answers.disagreements("levels") == ["long (1): invented: '9 %'"]


def test_a_translation_says_the_same_in_its_language():
    source = "RETUR: the refund window is 30 days from the day of delivery, as our shop says."
    right = "RETUR : le délai de remboursement est de 30 jours à compter de la livraison, selon notre boutique."
    assert lost_in(right, source, "fr", ["RETUR", "AAPL"]) == []
    assert lost_in(" ", source, "fr") == ["it is empty"]
    assert "of it is in fr, as expected; in en" in lost_in(source, source, "fr")[0]
    less = lost_in(right.replace("30 jours", "31 jours").replace("RETUR", "Cela"), source, "fr", ["RETUR"])
    assert less == [
        "invented: '31 jours' at character 40 (no fact has it)",
        "dropped: '30 days' is required and not in the answer",
        "it lacks RETUR",
    ]


def test_of_what_no_table_says_is_unsupported():
    with pytest.raises(Unsupported) as caught:
        levels(short="Buy.").disagreements("tone")
    assert str(caught.value) == "golden dataset: nobody says in what answers agree; add golden.consistent.tone."
