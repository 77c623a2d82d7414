"""What faults make of points, and of what a search finds."""

import datetime as dt
from types import SimpleNamespace

import pytest

from pytest_llmops.sandbox.embedding import alike, elsewhere, embed
from pytest_llmops.sandbox.faults import parse
from pytest_llmops.sandbox.qdrant_spoiled import Spoiled

TEXT = "The refund window is 30 days from the day of delivery."


def points(number=4):
    payload = {"text": TEXT, "created_at": "2026-01-01T00:00:00+00:00"}
    return [{"id": at, "payload": payload, "vector": [0.6, 0.8]} for at in range(number)]


def hits():
    def hit(score):
        return SimpleNamespace(score=score, model_copy=lambda update: SimpleNamespace(score=update["score"]))

    return [hit(0.9), hit(0.5), hit(0.1)]


def spoiled(*faults):
    return Spoiled(parse(faults))


def test_without_a_fault_nothing_is_another():
    assert spoiled().stored(points()) == points()
    assert [one.score for one in spoiled().found(hits())] == [0.9, 0.5, 0.1]


@pytest.mark.parametrize(
    ("fault", "vectors", "texts"),
    [
        ("vectors:zeros", [[0.0, 0.0], [0.6, 0.8], [0.6, 0.8], [0.0, 0.0]], [TEXT] * 4),
        ("vectors:blank", [[0.6, 0.8]] * 4, [" ", TEXT, TEXT, TEXT]),
        ("vectors:cut", [[0.6, 0.8]] * 4, [TEXT[:32]] * 4),
    ],
)
def test_stored_points(fault, vectors, texts):
    found = spoiled(fault).stored(points())
    assert [one["vector"] for one in found] == vectors
    assert [one["payload"]["text"] for one in found] == texts


def test_points_that_are_read_without_payload_or_vector_stay_so():
    assert spoiled("vectors:zeros", "vectors:cut").stored([{"id": 1}]) == [{"id": 1}]


def test_points_of_tomorrow():
    [found] = spoiled("vectors:to-come").stored(points(1))
    assert dt.datetime.fromisoformat(found["payload"]["created_at"]) > dt.datetime.now(dt.UTC)


def test_searches():
    nothing = spoiled("vectors:finds-nothing=0.5")
    assert [len(nothing.found(hits())) for _ in range(4)] == [3, 0, 3, 0]
    assert [one.score for one in spoiled("vectors:dimmed=0.5").found(hits())] == [0.45, 0.25, 0.05]
    shuffled = spoiled("vectors:shuffled")
    orders = {tuple(one.score for one in shuffled.found(hits())) for _ in range(10)}
    assert len(orders) > 1


def test_another_model_keeps_texts_as_near_each_other():
    one, other = embed("When does a gift card expire?"), embed("A gift card expires after 24 months.")
    near = sum(a * b for a, b in zip(one, other, strict=True))
    assert sum(a * b for a, b in zip(elsewhere(one), elsewhere(other), strict=True)) == pytest.approx(near)
    assert abs(sum(a * b for a, b in zip(one, elsewhere(one), strict=True))) < 0.9
    assert sum(a * b for a, b in zip(alike(one), alike(other), strict=True)) > 0.99
