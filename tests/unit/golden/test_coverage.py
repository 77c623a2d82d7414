"""What a golden set covers, and its gaps."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.case import Case, GoldenSet
from pytest_llmops.golden.coverage import UNTOLD, Wanted, alike, coverage
from pytest_llmops.golden.expectations import KINDS


def golden(*tables):
    cases = [
        Case.model_validate({"id": f"c{at}", "prompt": f"Question {at}?", "expect": {"contains": "x"}} | one)
        for at, one in enumerate(tables)
    ]
    return GoldenSet(tuple(cases), {one.id: ("g.jsonl", at) for at, one in enumerate(cases, 1)})


def test_counts():
    found = coverage(
        golden(
            {"tags": ["finance", "hard"], "language": "en", "origin": "annotation"},
            {"tags": ["finance"], "language": "pt-BR", "expect": {"number": 3, "refusal": False}},
            {},
        ),
        Wanted(),
    )
    assert found.as_json() == {
        "cases": 3,
        "tags": {"finance": 2, "hard": 1, UNTOLD: 1},
        "languages": {"en": 1, UNTOLD: 1, "pt-BR": 1},
        "kinds": dict.fromkeys(KINDS, 0) | {"contains": 2, "number": 1, "refusal": 1},
        "origins": {"annotation": 1, UNTOLD: 2},
        "files": {"g.jsonl": 3},
        "gaps": [],
    }


def test_gaps_are_sentences():
    wanted = Wanted(tags=["finance", "law"], languages=["en", "pt"], kinds=["number", "contains"], fewest=2)
    cases = golden(*[{"tags": ["finance"], "language": "en"}] * 2, {"tags": ["finance"], "language": "pt-BR"})
    assert [str(gap) for gap in coverage(cases, wanted).gaps] == [
        "tag law: no case, 2 wanted",
        "language pt: 1 case, 2 wanted",
        "kind number: no case, 2 wanted",
        "tag in language finance in pt: 1 case, 2 wanted",
    ]


def test_kind_that_is_none_names_the_nearest():
    with pytest.raises(ConfigError) as caught:
        Wanted(kinds=["numbre"])
    assert str(caught.value) == "'numbre' is no kind of expectation. Did you mean 'number' or 'numbers'?"


tags = st.lists(st.sampled_from("abc"), unique=True)


@given(st.lists(st.fixed_dictionaries({"tags": tags, "language": st.sampled_from(["en", "fr"])}), max_size=12))
def test_a_gap_is_what_has_too_few_and_nothing_else(tables):
    wanted = Wanted(tags=list("abc"), languages=["en", "fr"], fewest=2)
    found = {(gap.what, gap.name): gap.cases for gap in coverage(golden(*tables), wanted).gaps}
    for tag in wanted.tags:
        having = sum(tag in one["tags"] for one in tables)
        assert found.get(("tag", tag)) == (having if having < 2 else None)
    for language in wanted.languages:
        having = sum(language == one["language"] for one in tables)
        assert found.get(("language", language)) == (having if having < 2 else None)


def test_questions_that_are_the_same_are_found():
    cases = golden(
        {"prompt": "Where is  it?"},
        {"prompt": "where is it?"},
        {"prompt": "Where is it?", "context": ["In the house."]},
        {},
    )
    assert alike(cases) == [("c0", "c1")]


def test_json_is_plain():
    assert json.loads(json.dumps(coverage(golden({}), Wanted(tags=["x"])).as_json()))["gaps"][0]["name"] == "x"
