"""Answers held against what is expected of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.golden.case import Case
from pytest_llmops.golden.evaluators import Answer, held, misses
from pytest_llmops.golden.numbers import numbers

REVENUE = "Revenue in Q3: EUR 142.3 million"


def missed(expect, text, **given):
    case = Case.model_validate({"id": "a", "prompt": "?", "expect": expect})
    return misses(case, Answer(text, **given))


@pytest.mark.parametrize(
    ("expect", "text"),
    [
        ({"exact": ["Paris", "paris"]}, "  paris\n"),
        ({"exact": {"any_of": ["the  end"], "ignore_case": True}}, "The end"),
        ({"contains": "Caf\u00e9 de"}, "The Cafe\u0301 \n de Flore"),
        ({"contains": {"any_of": ["a", "b"], "none_of": ["c"]}}, "b"),
        ({"regex": r"^\d{4}$"}, "2026"),
        ({"regex": {"all_of": ["(?i)PARIS"], "none_of": ["Rome"]}}, "in paris"),
        ({"number": 42}, "It is 42."),
        ({"number": {"value": 142.3, "unit": "million"}}, "In Q3 2025 it was $142.3 million, up 12 %"),
        ({"number": {"value": 1500, "unit": "$"}}, "A $1,500 stipend"),
        ({"number": {"value": 1500.5, "unit": ["EUR", "€"], "decimal": ","}}, "1.500,50 € a month"),
        ({"number": {"value": 0.2, "tolerance": 0.1}}, "0.3"),
        ({"number": {"value": 200, "relative": 0.01}}, "202"),
        ({"number": {"value": 5, "unit": "km", "among": True}}, "not 3 km, but 5 km"),
        ({"number": -3}, "\u22123 degrees"),
        ({"number": 5}, "It is 5, see commit 12e4567890."),
        ({"schema": {"type": "object", "required": ["a"]}}, '```json\n{"a": 1}\n```'),
        ({"refusal": True}, "I cannot help with that request."),
        ({"refusal": False}, "It is in Paris."),
        ({"numbers": REVENUE}, "Der Umsatz betrug 142,3 Mio. EUR."),
        ({"numbers": {"facts": [REVENUE, "Staff: 120"], "required": ["EUR 142.3 million"]}}, "It was €142.3m."),
        ({"language": "fr"}, "La capitale de la France est Paris, et elle se trouve au nord du pays."),
        ({"language": "en-GB"}, "The capital of France is Paris, in the north of the country."),
    ],
)
def test_what_is_as_expected(expect, text):
    assert missed(expect, text) == []


@pytest.mark.parametrize(
    ("expect", "text", "said"),
    [
        ({"exact": ["Paris", "paris"]}, "Rome", "exact: 'Paris' or 'paris' is expected, the answer is 'Rome'"),
        ({"exact": "Paris"}, "paris", "exact: 'Paris' is expected, the answer is 'paris'"),
        ({"contains": ["a", "b"]}, "x", "contains: the answer lacks 'a' and 'b'"),
        ({"contains": {"any_of": ["a", "b"], "none_of": ["x"]}}, "x", "contains: the answer lacks 'a' or 'b', has 'x'"),
        ({"regex": r"\d"}, "x", r"regex: the answer lacks '\\d'"),
        ({"number": 42}, "none", "number: the answer gives no number"),
        ({"number": {"value": 5, "unit": "km"}}, "5 m", "number: the answer gives no number in km"),
        ({"number": {"value": 5, "unit": "m"}}, "5 million", "number: the answer gives no number in m"),
        (
            {"number": {"value": 5, "unit": "km", "tolerance": 0.5, "relative": 0.01}},
            "6 km",
            "number: 5 ± 0.5 or ± 1 % km is expected, the answer gives 6 km",
        ),
        (
            {"number": {"value": 5, "unit": "km"}},
            "not 3 km, but 5 km",
            "number: 5 km is expected, the answer gives several: 3 km, 5 km",
        ),
        ({"schema": {"type": "object"}}, "[1]", "schema: [1] is not of type 'object'"),
        (
            {"schema": {"properties": {"a": {"type": "integer"}}}},
            '{"a": "1"}',
            "schema: a: '1' is not of type 'integer'",
        ),
        ({"schema": {"format": "date"}}, '"tomorrow"', "schema: 'tomorrow' is not a 'date'"),
        (
            {"schema": {}},
            "so",
            "schema: the answer is no JSON (Expecting value: line 1 column 1 (char 0))",
        ),
        (
            {"numbers": {"facts": [REVENUE], "required": ["142.3"]}},
            "Revenue was EUR 124.3 million, a margin of 11 %.",
            (
                "numbers: altered: 'EUR 124.3 million' at character 12, the facts say 'EUR 142.3 million' (the value "
                "or unit differs); invented: '11 %' at character 43 (no fact has it); dropped: '142.3' is required and "
                "not in the answer"
            ),
        ),
        ({"numbers": REVENUE}, "It grew.", "numbers: the answer gives no figure: 'It grew.'"),
        (
            {"language": "fr"},
            "The refund window is thirty days from the day of delivery.",
            (
                "language: only 0% of it is in fr, as expected; in en: 'The refund window is thirty days from the day "
                "of delivery.'"
            ),
        ),
        ({"language": "fr"}, "Paris", "language: it cannot be told whether 'Paris' is in fr"),
        ({"sources": "a.md"}, "so", "sources: the answer lacks 'a.md'; it names none"),
        ({"refusal": True}, "Sure: yes", "refusal: a refusal is expected, the answer is 'Sure: yes'"),
    ],
)
def test_what_is_not_says_why(expect, text, said):
    assert missed(expect, text) == [said]


@pytest.mark.parametrize("expect", [{"contains": {"none_of": ["x"]}}, {"refusal": False}, {"refusal": True}])
def test_empty_answer_misses_whatever_is_expected(expect):
    assert missed(expect, " \n") == ["the answer is empty"]


def test_block_is_a_refusal_whatever_its_text():
    assert missed({"refusal": True}, "", blocked=True) == []
    assert missed({"refusal": False}, "Paris", blocked=True) == [
        "refusal: an answer is expected, and it is refused: blocked"
    ]


@pytest.mark.parametrize("kind", ["contains", "regex"])
def test_what_a_block_does_not_say_is_no_merit_unless_a_refusal_is_expected(kind):
    expect = {kind: {"none_of": ["x"]}}
    assert missed(expect, "", blocked=True) == [f"{kind}: the answer is blocked"]
    assert missed({**expect, "refusal": True}, "", blocked=True) == []
    assert missed(expect, "We do not say that.", blocked=True) == []


def test_an_answer_is_held_against_the_texts_that_came_with_it():
    texts = ("Express delivery costs 9.50 euros.",)
    assert missed({"grounded": True}, "Express delivery costs 9.50 euros.", texts=texts) == []
    assert missed({"grounded": True}, "I'm sorry, but I can't answer that.", texts=texts) == []
    assert missed({"grounded": True}, "It costs 8 euros.", texts=texts) == [
        "grounded: figure '8 euros': the value or unit differs"
    ]
    assert missed({"grounded": True}, "Express delivery with Hermes costs 9.50 euros.", texts=texts) == [
        "grounded: name 'Hermes': it stands in no source"
    ]
    assert missed({"grounded": {"words": 0}}, "Penguins huddle to survive polar nights.", texts=texts) == []
    assert missed({"grounded": True}, "It is dear.") == [
        "grounded: no text of a source came with the answer: 'It is dear.'"
    ]


def test_every_kind_must_hold():
    assert missed({"contains": "a", "regex": "b", "refusal": False}, "x") == [
        "contains: the answer lacks 'a'",
        "regex: the answer lacks 'b'",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2020-2025", [2020, 2025]),
        ("Q3 v2.5 A4", []),
        ("on 2025.01.02", []),
        ("1,5 or 1,500 or 12,34", [1500]),
        ("1e3 and 1.5E-2", [1000, Decimal("0.015")]),
        ("1'000 and 2\u202f000", [1000, 2000]),
        ("3.", [3]),
        ("see commit 12e4567890, 1e99999999999999999999 and 5e-4567890", []),
    ],
)
def test_numbers_of_a_text(text, found):
    assert list(numbers(text)) == found


def test_sign_stands_before_or_behind_and_a_word_behind_alone():
    assert list(numbers("3 km 5 m", units=["km"])) == [3]
    assert list(numbers("EUR 5, 6 EUR, XEUR 7", units=["EUR"])) == [5, 6]


@given(
    st.decimals(-(10**9), 10**9, places=2),
    st.sampled_from([(".", ","), (",", ".")]),
    st.sampled_from(["km", "%", "$", "Euro"]),
)
def test_a_number_is_read_as_it_was_written(value, signs, unit):
    decimal, group = signs
    written = f"{value:,.2f}".replace(",", "G").replace(".", decimal).replace("G", group)
    assert list(numbers(f"about {written} {unit} in all", decimal, [unit])) == [value]


@given(st.floats(-1e6, 1e6), st.floats(0, 10), st.floats(-20, 20))
def test_tolerance_is_a_distance(value, tolerance, off):
    given = Decimal(str(value)) + Decimal(str(off))
    holds = missed({"number": {"value": value, "tolerance": tolerance}}, f"{given:f}") == []
    assert holds == (abs(given - Decimal(str(value))) <= Decimal(str(tolerance)))


@given(st.text(min_size=1).filter(str.strip), st.text(), st.text())
def test_a_text_stands_in_what_surrounds_it(part, before, after):
    assert missed({"contains": part}, f"{before} {part} {after}") == []
    assert missed({"contains": {"none_of": [part]}}, f"{before} {part} {after}") != []


@pytest.mark.parametrize(
    ("expect", "sources", "said"),
    [
        (["a.md", "b.md"], ("b.md", "c.md", "a.md"), []),
        (["a.md", "b.md"], ("b.md",), ["sources: the answer lacks 'a.md'; it names b.md"]),
        ({"any_of": ["a.md", "b.md"]}, ("b.md",), []),
        ({"any_of": ["a.md", "b.md"]}, ("c.md",), ["sources: the answer lacks 'a.md' or 'b.md'; it names c.md"]),
    ],
)
def test_documents_that_are_named(expect, sources, said):
    assert missed({"sources": expect}, "so", sources=sources) == said


def test_an_empty_answer_misses_each_kind_and_is_said_once():
    case = Case.model_validate({"id": "a", "prompt": "?", "expect": {"exact": "x", "sources": "a.md"}})
    assert held(case, Answer(" ")).missed == {"exact": "the answer is empty", "sources": "the answer is empty"}
    assert misses(case, Answer(" ")) == ["the answer is empty"]
