"""The synthetic engine, its pace and its embeddings, without any process."""

import math
from statistics import median

import pytest

from pytest_llmops.sandbox import corpus
from pytest_llmops.sandbox.embedding import DIMENSIONS, embed
from pytest_llmops.sandbox.engines.reader import NONSENSE, UNKNOWN, Reader
from pytest_llmops.sandbox.pace import Pace
from pytest_llmops.target import profiles
from pytest_llmops.target.embedded import Sandbox

PROMPTS = profiles.read("sandbox")["sandbox"]["prompts"]
LIMIT = profiles.read("sandbox")["components"]["ollama"]["max_tokens"]
OURS = [prompt for prompt in PROMPTS if prompt.get("expect")]
DOCUMENT = {
    "refund-window": "returns",
    "express-cost": "delivery",
    "support-hours": "support",
    "warehouse-city": "warehouse",
    "gift-card-expiry": "gift-cards",
    "loyalty-points": "loyalty",
    "password-length": "accounts",
    "bulk-discount": "bulk",
    "card-retention": "privacy",
    "return-shipping": "returns",
}


def test_every_prompt_has_a_document():
    assert {prompt["id"] for prompt in OURS} == set(DOCUMENT)


@pytest.mark.parametrize("prompt", OURS, ids=lambda prompt: prompt["id"])
def test_the_fact_is_within_the_daily_length(prompt):
    assert prompt["expect"] in "".join(Reader().answer(prompt["text"])[:LIMIT])


@pytest.mark.parametrize("prompt", OURS, ids=lambda prompt: prompt["id"])
def test_every_answer_fills_the_longest_detail_level(prompt):
    longest = max(level["max_tokens"] for level in profiles.read("sandbox")["components"]["ollama"]["detail"].values())
    assert len(Reader().answer(prompt["text"])) >= longest


@pytest.mark.parametrize("prompt", OURS, ids=lambda prompt: prompt["id"])
def test_the_right_document_is_nearest(prompt):
    asked = embed(prompt["text"])
    near = sorted(corpus.documents(), key=lambda document: -_cosine(asked, embed(f"{document.title}. {document.text}")))
    assert near[0].id == DOCUMENT[prompt["id"]]
    assert _cosine(asked, embed(near[0].text)) > 0.2


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("What is the capital of France?", "Paris"),
        ("At what temperature does water boil at sea level?", "100 degrees"),
        ("How many days are there in a week?", "seven days"),
        ("Which ocean is the largest?", "Pacific"),
        ("How fast does light travel?", "299,792"),
    ],
)
def test_the_almanac_answers_plain_questions(question, fact):
    assert fact in "".join(Reader().answer(question)[:LIMIT])


def test_given_context_is_preferred():
    context = "[a] The refund window is 90 days.\n[b] It rains."
    prompt = f"Context:\n{context}\n\nQuestion: How many days is the refund window?\nAnswer:"
    assert "".join(Reader().answer(prompt)).startswith("The refund window is 90 days.")


def test_marked_context_is_all_that_counts():
    prompt = "Context:\n[b] It rains.\n\nQuestion: How many days is the refund window?\nAnswer:"
    assert "".join(Reader().answer(prompt)) == UNKNOWN


def test_a_chat_is_answered_by_its_last_message():
    earlier = "How many days is the refund window?\nThe refund window is 30 days."
    assert "9.50" in "".join(Reader().answer("And express delivery costs?", earlier))
    assert "9.50" in "".join(Reader().answer("Tell me the cost of express delivery.", earlier))
    assert "".join(Reader().answer("How many days is the refund window?", earlier)).startswith(
        "The refund window is 30"
    )


def test_unknown_subjects_are_admitted():
    assert "".join(Reader().answer("Who won the chess tournament?")) == UNKNOWN


def test_nonsense_holds_no_fact():
    assert not any(prompt["expect"] in NONSENSE for prompt in OURS)


def test_embeddings_are_of_unit_length_and_repeatable():
    for text in ("", "?", "the", "Express delivery costs 9.50 euros."):
        vector = embed(text)
        assert len(vector) == DIMENSIONS
        assert math.isclose(_cosine(vector, vector), 1.0)
        assert vector == embed(text)


def test_two_runs_of_the_same_calls_have_the_same_delays():
    first, second = Pace(Sandbox()), Pace(Sandbox())
    calls = ["a", "b", "a", "a"]
    delays = [first.generation(call, 8) for call in calls]
    assert delays == [second.generation(call, 8) for call in calls]
    assert delays[0] != delays[2]
    assert delays[0] != Pace(Sandbox(seed=2)).generation("a", 8)


def test_delays_have_their_medians_and_their_factor():
    pace = Pace(Sandbox(delay_s=0.1, token_s=0.01, embed_s=0.05, sigma=0.1))
    runs = [pace.generation(f"prompt {number}", 2) for number in range(400)]
    assert median(run[0] for run in runs) == pytest.approx(0.1, rel=0.03)
    assert median(run[1] - run[0] for run in runs) == pytest.approx(0.01, rel=0.03)
    assert median(pace.embedding(f"text {number}") for number in range(400)) == pytest.approx(0.05, rel=0.03)
    assert Pace(Sandbox(), 3.0).generation("x", 1)[0] == pytest.approx(3 * Pace(Sandbox()).generation("x", 1)[0])


def test_an_answer_without_tokens_takes_its_first_delay():
    assert len(Pace(Sandbox()).generation("x", 0)) == 1


def _cosine(first, second):
    return sum(a * b for a, b in zip(first, second, strict=True))
