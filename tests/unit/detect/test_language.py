"""Is the answer in the language that it should be in?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.detect.language import LANGUAGES, check, detected

SENTENCES = {
    "en": "The contract ends in June and can be renewed for another year.",
    "de": "Der Vertrag endet im Juni und kann um ein Jahr verlängert werden.",
    "fr": "Le contrat se termine en juin et peut être prolongé d'un an.",
    "es": "El contrato termina en junio y se puede prolongar un año más.",
    "it": "Il contratto termina a giugno e può essere prolungato di un anno.",
    "pt": "O contrato termina em junho e pode ser prolongado por mais um ano.",
    "nl": "Het contract eindigt in juni en kan met een jaar worden verlengd.",
    "pl": "Umowa kończy się w czerwcu i można ją przedłużyć o rok.",
    "ru": "Договор заканчивается в июне и может быть продлён ещё на год.",
    "zh": "合同于六月到期,可以再续签一年。",
    "ja": "契約は六月に終了し、さらに一年延長できます。",
    "ko": "계약은 유월에 끝나며 일 년 더 연장할 수 있습니다.",
    "ar": "ينتهي العقد في يونيو ويمكن تمديده لمدة عام آخر.",
    "hi": "अनुबंध जून में समाप्त होता है और इसे एक वर्ष बढ़ाया जा सकता है।",
}
UNDETERMINED = [
    "",
    "OK.",
    "42 %",
    "Apple, Microsoft, Nvidia",
    "https://example.org/de/hilfe",
    '{"antwort": null}',
    "👍",
]


@pytest.mark.parametrize("expected", SENTENCES)
@pytest.mark.parametrize("spoken", SENTENCES)
def test_each_language_is_told_from_each_other(spoken, expected):
    review = check(SENTENCES[spoken], expected)
    assert (review.language, review.wrong) == (spoken, spoken != expected)


@pytest.mark.parametrize("text", UNDETERMINED)
def test_too_little_is_undetermined_and_never_wrong(text):
    review = check(text, "de")
    assert (review.language, review.share, review.strays, review.wrong) == ("und", 1.0, (), False)
    assert detected(text) == "und"


@given(
    st.sampled_from(sorted(SENTENCES)),
    st.sampled_from(["```\nreturn the value of it\n```", "`git push it`", *UNDETERMINED]),
)
def test_code_addresses_and_figures_change_nothing(code, beside):
    assert check(f"{SENTENCES[code]}\n\n{beside}", code).share == 1.0


def test_half_in_another_language_is_wrong_and_named():
    review = check(f"{SENTENCES['de']} {SENTENCES['en']}", "de")
    assert review.wrong
    assert [one.language for one in review.strays] == ["en"]
    assert str(review) == f"only {review.share:.0%} of it is in de, as expected; in en: {SENTENCES['en']!r}"


def test_quotation_in_another_language_is_none():
    review = check(f'The clause reads "{SENTENCES["de"]}", so it ends in June.', "en")
    assert not review.wrong
    assert str(review) == "in en, 100% of it in en as expected"


def test_thoughts_of_a_model_do_not_count():
    assert not check(f"<think>{SENTENCES['en']}</think>{SENTENCES['fr']}", "fr").wrong


def test_json_is_no_prose():
    assert check(json.dumps({"answer": SENTENCES["de"]}), "en").language == "und"


@pytest.mark.parametrize(("asked", "spoken"), [("pt-BR", "pt"), ("zh_TW", "zh"), ("EN", "en")])
def test_region_is_left_out(asked, spoken):
    assert not check(SENTENCES[spoken], asked).wrong


def test_language_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match=r"'tlh' is no language that is told apart; known: ar, bg, ") as caught:
        check("nuqneH", "tlh")
    assert str(caught.value) == f"'tlh' is no language that is told apart; known: {', '.join(LANGUAGES)}."


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_any_text_is_borne(text, expected):
    assert 0 <= check(text, expected).share <= 1
