"""Asking a golden set: in rounds, and what failed apart from what was wrong."""

import pytest

from pytest_llmops.errors import CallFailed, ConfigError, Unsupported
from pytest_llmops.golden.case import Case, GoldenSet
from pytest_llmops.golden.evaluators import Answer
from pytest_llmops.measure.golden_asking import EVERY, OfApi, OfModel, ask, asked_of, carries_texts, put
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable


class Knowing:
    """Answers by a table; what is not in it fails in that way."""

    component = "api"

    def __init__(self, said):
        self.said, self.asked = said, []

    def can(self, case):
        return ""

    def answer(self, case):
        self.asked.append(case.id)
        found = self.said[case.id]
        if isinstance(found, Exception):
            raise found
        return found


def golden(tmp_path, *cases):
    found = tuple(Case.model_validate({"prompt": "Where?", "expect": {"contains": "here"}, **one}) for one in cases)
    return GoldenSet(found, {one.id: (tmp_path / "g.jsonl", at) for at, one in enumerate(found, 1)})


def test_all_are_asked_once_before_any_a_second_time(tmp_path):
    asker = Knowing({"a": Answer("here"), "b": Answer("no")})
    answers = ask(golden(tmp_path, {"id": "a"}, {"id": "b", "tags": ["t"]}), asker, 2, lambda _line: None)
    assert asker.asked == ["a", "b", "a", "b"]
    assert [(one.id, one.passes, one.answers, one.tags) for one in answers.runs] == [
        ("a", 2, 2, ()),
        ("b", 0, 2, ("t",)),
    ]


def test_no_answer_is_lost_and_one_without_a_text_is_wrong(tmp_path):
    lost = CallFailed("api", "timeout", "api: no answer within 3 s.")
    silent = CallFailed("api", "bad-answer", "api: answered 200 without a text.")
    answers = ask(golden(tmp_path, {"id": "a"}, {"id": "b"}), Knowing({"a": lost, "b": silent}), 1, lambda _line: None)
    assert [(one.passes, one.answers, one.lost) for one in answers.runs] == [(0, 0, 1), (0, 1, 0)]
    assert answers.said(["a", "b"]) == ["  a: api: no answer within 3 s.", "  b: the answer is empty"]


def test_a_long_set_says_how_far_it_is(tmp_path):
    said = []
    ask(golden(tmp_path, {"id": "a"}), Knowing({"a": Answer("here")}), EVERY + 1, said.append)
    assert said == [f"golden dataset: {EVERY} of {EVERY + 1} questions asked of api"]


class Route:
    sources = texts = None


class Client:
    component = "api"

    def route(self, _name):
        return Route()


@pytest.mark.parametrize(
    ("asker", "case", "said"),
    [
        (
            OfApi(Client()),
            {"expect": {"sources": "a.md"}},
            "sources are expected, and routes.query of api does not say where they stand; it could not pass.",
        ),
        (
            OfApi(Client()),
            {"expect": {"grounded": True}},
            (
                "it is to be grounded, and routes.query of api does not say where texts of sources stand; it could "
                "not pass."
            ),
        ),
        (
            OfModel(Client(), 64),
            {"expect": {"grounded": True}},
            "it is to be grounded, and gives api no context; it could not pass.",
        ),
        (OfApi(Client()), {"model": "qwen2"}, "it names the model qwen2, which api chooses itself; it could not pass."),
        (
            OfModel(Client(), 64),
            {"expect": {"sources": "a.md"}},
            "sources are expected, and api names none; it could not pass.",
        ),
    ],
)
def test_a_case_that_could_not_pass_is_said_before_anything_is_asked(tmp_path, asker, case, said):
    with pytest.raises(ConfigError) as caught:
        ask(golden(tmp_path, {"id": "a", **case}), asker, 1, lambda _line: None)
    assert str(caught.value) == f"{tmp_path}/g.jsonl: case a: {said}"


def test_a_model_is_given_the_texts_before_the_question():
    plain = Case.model_validate({"id": "a", "prompt": "Where?", "expect": {"contains": "x"}})
    assert put(plain) == "Where?"
    resting = plain.model_copy(update={"context": ["It is here.", "Not there."]})
    assert put(resting).endswith("Context:\nIt is here.\nNot there.\n\nQuestion: Where?\nAnswer:")


@pytest.mark.parametrize(
    ("components", "of"),
    [
        ({"api": {"url": "http://h", "routes": {"query": {"path": "/q"}}}, "ollama": {"url": "http://h"}}, "api"),
        ({"api": {"url": "http://h"}, "openai": {"url": "http://h"}}, "llm"),
    ],
)
def test_who_takes_questions_is_asked(tmp_path, components, of):
    assert asked_of(Target("here", TargetTable.model_validate({"components": components}), tmp_path)) == of


def test_where_nobody_takes_any_it_is_unsupported(tmp_path):
    target = Target("here", TargetTable.model_validate({"components": {"redis": {"url": "redis://h"}}}), tmp_path)
    with pytest.raises(Unsupported) as caught:
        asked_of(target)
    assert str(caught.value) == "target here has neither an api with a route query nor a model server to be asked."


@pytest.mark.parametrize(
    ("components", "carries"),
    [
        ({"api": {"url": "http://h", "routes": {"query": {"path": "/q", "texts": "sources[].text"}}}}, True),
        ({"api": {"url": "http://h", "routes": {"query": {"path": "/q", "sources": "sources[].id"}}}}, False),
        ({"openai": {"url": "http://h"}}, True),
    ],
)
def test_answers_without_texts_are_unsupported_by_name(tmp_path, components, carries):
    target = Target("here", TargetTable.model_validate({"components": components}), tmp_path)
    if carries:
        return carries_texts(target)
    with pytest.raises(Unsupported) as caught:
        carries_texts(target)
    assert str(caught.value) == (
        "api: its answers carry no texts of their sources, so nobody can say whether they rest on them; where they do, "
        "say where in routes.query.texts."
    )
    return None
