"""What a judge is asked of a golden answer, how its words are read, and how far it agrees with itself."""

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.golden.answers import CaseAnswers, Given, GoldenAnswers
from pytest_llmops.golden.case import Case
from pytest_llmops.golden.judged import KIND, Judged, question, verdict

PASS = Given("PASS", {})
FAIL = Given("FAIL", {KIND: "it is rude"})
UNREAD = Given("Well.", {}, "it says neither PASS nor FAIL: 'Well.'")


def judged(*given):
    cases = tuple(CaseAnswers(f"c{at}", "?", (), "abc", (KIND,), one) for at, one in enumerate(given))
    return Judged(GoldenAnswers("judge", cases, (KIND,), "has a rubric"), "gpt", gates=False)


@pytest.mark.parametrize(
    ("said", "passes", "why"),
    [
        ("PASS, it names both.", True, "it names both."),
        ("**FAIL**: it is rude.", False, "it is rude."),
        ("PASS", True, "without a reason"),
        ("The answer does not PASS.", None, "it says neither PASS nor FAIL: 'The answer does not PASS.'"),
        ("PASSABLE", None, "it says neither PASS nor FAIL: 'PASSABLE'"),
        ("", None, "it says neither PASS nor FAIL: ''"),
    ],
)
def test_the_verdict_is_the_first_word(said, passes, why):
    assert verdict(said) == (passes, why)


def test_the_judge_is_told_question_answer_reference_and_criterion():
    case = Case(id="a", prompt="Why?", expect={"refusal": False}, rubric="It is polite.", reference="Because.")
    asked = question(case, " So.\n")
    for part in ("Asked: Why?", "<<<answer\nSo.\nanswer>>>", "for comparison: Because.", "Criterion: It is polite."):
        assert part in asked
    assert "comparison" not in question(case.model_copy(update={"reference": ""}), "So.")


def test_another_rubric_is_another_case():
    case = Case(id="a", prompt="Why?", expect={"refusal": False})
    assert case.digest != case.model_copy(update={"rubric": "It is polite."}).digest


def test_a_judge_that_is_not_of_one_mind_is_told():
    found = judged((PASS, PASS, FAIL, FAIL), (PASS, PASS))
    assert (found.share_pct, found.disagreement_pct, found.variance) == (75.0, 50.0, 0.125)
    assert found.said == "6 verdicts of gpt on 2 answers; variance 0.125"


def test_what_cannot_be_read_is_no_verdict():
    found = judged((PASS, UNREAD), (FAIL, FAIL))
    assert (found.share_pct, found.disagreement_pct) == (50.0, 0.0)
    assert found.said.startswith("3 verdicts of gpt on 2 answers, 1 more could not be read; ")
    assert "it is rude" in found.document()


def test_nothing_that_could_be_read_is_vacuous():
    with pytest.raises(Vacuous, match="gave no verdict that could be read"):
        _ = judged((UNREAD,)).share_pct
    with pytest.raises(Vacuous, match="judged no answer twice"):
        _ = judged((PASS,)).disagreement_pct


def test_what_is_kept_reads_back():
    found = judged((PASS, FAIL))
    assert Judged.read(found.as_json(), gates=False) == found
