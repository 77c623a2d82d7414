"""What a round of answers looks like."""

import json

import pytest

from pytest_llmops.clients.answer import Answer
from pytest_llmops.clients.kept import Kept
from pytest_llmops.clients.traffic import Traffic
from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.operate.answered import answered
from pytest_llmops.samples import Prompt, Workload

FILE = """
[targets.demo.components.api]
url = "http://127.0.0.1:9"
[targets.demo.components.api.routes.query]
method = "POST"
path = "/ask"
body = { question = "{prompt}" }
answer = "answer"
blocked = "route == 'blocked'"
"""
NONE = {"questions": [], "metrics": [], "audit": []}


@pytest.fixture
def traffic(read, clients):
    """A round whose answers have these bodies, or statuses."""

    def traffic(*bodies):
        kept = []
        for body in bodies:
            status = body if isinstance(body, int) else 200
            came = Answer("api", "POST /ask", status, json.dumps(body), 0.1, {"content-type": "application/json"})
            kept.append(Kept(0.0, "curl", came).as_json())
        prompts = Workload(tuple(Prompt(f"q{number}", f"Question {number}?") for number in range(len(bodies))))
        return Traffic(clients(read(FILE))("api"), prompts, {**NONE, "questions": kept})

    return traffic


def test_answers_are_counted_and_measured(traffic):
    found = answered(
        traffic(
            {"answer": "It opens at eight."},
            {"answer": "I'm sorry, but I can't help with that request."},
            {"answer": None, "route": "blocked"},
            {"answer": None, "route": "rag"},
            500,
        )
    )
    assert found.asked == 4
    assert found.declined == ("q1", "q2", "q3")
    assert found.declined_pct == 75.0
    assert found.lengths == (4,)
    assert found.said == "3 of 4 questions: q1, q2, q3"
    found.require_answers()


def test_nothing_is_declined(traffic):
    found = answered(traffic({"answer": "It opens at eight."}))
    assert (found.declined_pct, found.said) == (0.0, "0 of 1 questions")


def test_what_is_not_answered_has_no_length(traffic):
    with pytest.raises(Vacuous) as caught:
        answered(traffic({"answer": None})).require_answers()
    assert str(caught.value) == "none of 1 questions was answered, so no answer has a length."


def test_a_round_that_failed_is_no_refusal(traffic):
    with pytest.raises(CallFailed, match="500"):
        answered(traffic(500, 500))
