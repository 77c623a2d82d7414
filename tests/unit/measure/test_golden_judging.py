"""Asking a judge: in rounds, without secrets, each answer as often as the table says."""

import pytest

from pytest_llmops.clients.generation import Generation
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.golden.answers import CaseAnswers, Given, GoldenAnswers
from pytest_llmops.golden.case import Case, GoldenSet
from pytest_llmops.measure.golden_judging import Asked, judge, judge_of, to_judge
from pytest_llmops.plugin.golden_cost import golden_tokens, judge_calls
from pytest_llmops.target.golden import Judge
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.secrets import Redactor


class Model:
    """Says what it is told to, one after the other."""

    component, asked = "judge", "gpt"

    def __init__(self, *says):
        self.says, self.prompts, self.lengths = list(says), [], []

    def generate(self, prompt, *, max_tokens, stream):
        assert not stream
        self.prompts.append(prompt)
        self.lengths.append(max_tokens)
        said = self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return Generation(text=said, model=self.asked, stream=None)


def case(name, rubric="It is polite."):
    return Case(id=name, prompt=f"{name}?", expect={"refusal": False}, rubric=rubric)


def golden(tmp_path, *cases):
    return GoldenSet(cases, {one.id: (tmp_path / "g.jsonl", 1) for one in cases})


def answers(**given):
    return GoldenAnswers("api", tuple(CaseAnswers(name, "?", (), "d", (), one) for name, one in given.items()))


def test_all_are_judged_once_before_any_a_second_time():
    model = Model("PASS", "FAIL: rude", "PASS", "PASS")
    table = Judge(repeats=2, max_tokens=9)
    found = judge([Asked(case("a"), "So."), Asked(case("b"), "No.")], model, table, str)
    assert ["a?" in one for one in model.prompts] == [True, False, True, False]
    assert model.lengths == [9, 9, 9, 9]
    assert [(one.id, one.passes, one.answers) for one in found.answers.runs] == [("a", 2, 2), ("b", 1, 2)]
    assert (found.model, found.gates) == ("gpt", False)


def test_no_secret_is_sent():
    model = Model("PASS", "PASS")
    judge(
        [Asked(case("a"), "The key is hunter2-hunter2.")], model, Judge(repeats=2), Redactor(["hunter2-hunter2"]).clean
    )
    assert all("hunter2" not in one and "The key is [redacted]." in one for one in model.prompts)


def test_no_verdict_is_lost_and_an_empty_answer_fails_unasked():
    model = Model(CallFailed("judge", "timeout", "judge: no answer within 3 s."), "Hm.")
    found = judge([Asked(case("a"), "So."), Asked(case("b"), " ")], model, Judge(repeats=2), str)
    assert [(one.passes, one.answers, one.lost) for one in found.answers.runs] == [(0, 0, 2), (0, 2, 0)]
    assert len(model.prompts) == 2


def test_the_first_answer_that_came_is_judged(tmp_path):
    lost, came = Given("", {}, "lost"), Given("So.", {})
    found = to_judge(
        golden(tmp_path, case("a"), case("b"), case("c", "")), answers(a=(lost, came), b=(lost,), c=(came,))
    )
    assert [(one.case.id, one.answer) for one in found] == [("a", "So.")]


def test_nothing_to_judge_says_why(tmp_path):
    with pytest.raises(Vacuous, match="no case has a rubric"):
        to_judge(golden(tmp_path, case("c", "")), answers())
    with pytest.raises(Vacuous, match="none of those with a rubric was answered"):
        to_judge(golden(tmp_path, case("a")), answers())


def target(tmp_path, **judging):
    table = {"components": {"ollama": {"url": "http://h"}, "judge": {"url": "http://j", "model": "gpt"}}}
    cases = [
        {"id": "a", "prompt": "a?", "expect": {"refusal": False}, "rubric": "It is polite."},
        {"id": "b", "prompt": "b?", "expect": {"refusal": False}},
    ]
    return Target("here", TargetTable.model_validate({**table, "golden": {"cases": cases, **judging}}), tmp_path)


def test_without_a_judge_nothing_changes(tmp_path):
    assert judge_calls(target(tmp_path)) == {}
    with pytest.raises(Unsupported) as caught:
        judge_of(target(tmp_path))
    assert str(caught.value) == (
        "target here has no judge, so nobody says whether open-ended answers will do; name one in "
        'here: [targets.here.golden.judge], component = "judge", if there is to be one.'
    )


def test_what_it_costs_is_known_before(tmp_path):
    judged = target(tmp_path, judge={"repeats": 4, "max_tokens": 10})
    assert not judge_of(judged).gates
    assert judge_calls(judged) == {"judge.generate": 4}
    assert golden_tokens(["judged_answers"], judged) == {"judged_answers": 40}
