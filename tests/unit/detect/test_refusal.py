"""Does the answer decline, in part or whole?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.detect.refusal import refused

DECLINING = [
    "I'm sorry, but I can't help with that.",
    "I\u2019m unable to assist with this request.",
    "Es tut mir leid, dabei kann ich nicht helfen.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Mi dispiace, ma non posso aiutarti.",
    "Desculpe, mas não posso ajudar com isso.",
    "抱歉,我无法提供帮助。",
]
OTHER = [
    "It is not right to turn left here; the sign forbids it. Take the second exit.",
    "I'm sorry to hear that. Your parcel ships tomorrow.",
    "You cannot divide by zero.",
    "I can't recommend the trail enough.",
    "I won't use bullet points. Here is the plan: first May, then June.",
    "The documents do not mention a price.",
    "He said: \"I'm sorry, I can't help with that.\"",
    "Man kann nicht durch null teilen.",
    "",
]


@pytest.mark.parametrize("answer", DECLINING)
def test_declines(answer):
    assert refused(answer)


@pytest.mark.parametrize("answer", OTHER)
def test_does_not_decline(answer):
    assert not refused(answer)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"status": "blocked", "answer": None}, True),
        ({"answer": None, "metadata": {"route_used": "blocked"}}, True),
        ({"choices": [{"finish_reason": "content_filter"}]}, True),
        ({"allowed": False}, True),
        ({"refusal": "No."}, True),
        ({"answer": DECLINING[0]}, True),
        ({"error": {"code": "content_policy_violation"}}, True),
        ({"status": "answered", "blocked": False, "answer": "Seven."}, False),
        ({"allowed": True, "refusal": None, "answer": "Seven."}, False),
        ({"error": {"code": "model_overloaded", "message": "Try again."}}, False),
        ({"invoice": "blocked for payment"}, False),
    ],
)
def test_json_is_read_by_its_fields(document, expected):
    assert refused(json.dumps(document)) is expected
    assert refused(f"```json\n{json.dumps(document, indent=1)}\n```") is expected


@given(
    st.sampled_from(DECLINING),
    st.lists(st.sampled_from(OTHER[:5]), max_size=4),
    st.lists(st.sampled_from(OTHER[:5]), max_size=4),
)
def test_part_that_is_declined_is_found_wherever_it_stands(sentence, before, after):
    assert refused("\n".join([*before, sentence, *after]))
    assert not refused("\n".join([*before, *after]))


def test_answer_that_preaches_instead_declines():
    assert refused("It's never okay to spy on a colleague. Instead, talk with them about what worries you.")
    assert not refused(
        "Opening hours are from nine to six. It's never okay to enter without a ticket. Instead, ask the guard."
    )


@given(st.text(max_size=500))
def test_any_text_is_borne(text):
    assert refused(text) in {True, False}


def test_deep_json_is_borne():
    assert not refused("[" * 5000 + "]" * 5000)
