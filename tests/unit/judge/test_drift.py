"""Embeddings beside each other: the same, moved, spread, of another model; and what is not sound."""

import numpy as np
import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.drift import cosine, drift, separation, unsound


def cloud(seed, texts=20, dimensions=16, spread=1.0):
    rng = np.random.default_rng(seed)
    centre = np.ones(dimensions)
    return (centre + spread * rng.standard_normal((texts, dimensions))).tolist()


def test_the_same_embeddings_have_not_drifted():
    found = drift(cloud(1), cloud(1))
    assert (found.shift, found.spread_pct, found.same) == (pytest.approx(0), pytest.approx(0), pytest.approx(1))
    assert found.p == 1
    assert found.texts == 20


def test_noise_of_the_last_digits_is_no_drift():
    before = np.asarray(cloud(1))
    now = before + 1e-4 * np.random.default_rng(2).standard_normal(before.shape)
    found = drift(before.tolist(), now.tolist())
    assert found.p > 0.9
    assert found.shift < 1e-6


def test_another_length_of_every_vector_is_no_drift():
    before = np.asarray(cloud(1))
    assert drift(before.tolist(), (3 * before).tolist()).p == 1


def test_embeddings_of_another_model_have_drifted():
    before = np.asarray(cloud(1))
    now = before[:, ::-1] * np.where(np.arange(16) % 2, -1, 1)
    found = drift(before.tolist(), now.tolist())
    assert found.p < 0.01
    assert found.shift > 0.15
    assert found.spread_pct == pytest.approx(0, abs=1e-6)
    assert found.same < 0.9


def test_a_narrower_cloud_is_seen_by_its_spread():
    found = drift(cloud(1), cloud(1, spread=0.3))
    assert found.spread_pct < -20


def test_texts_that_are_all_as_far_from_each_other_are_seen_by_their_own_vectors_alone():
    before, now = np.eye(16)[:8], np.eye(16)[8:]
    found = drift(before.tolist(), now.tolist())
    assert found.p == 1  # every division of sixteen such vectors lies as far apart
    assert found.same == 0
    assert found.shift == pytest.approx(1)


def test_p_is_uniform_where_nothing_changed():
    """Two samples of the same texts' distribution: the test is wrong as often as it says."""
    ps = [drift(cloud(2 * seed), cloud(2 * seed + 1)).p for seed in range(60)]
    assert sum(p < 0.1 for p in ps) <= 14
    assert 0.35 < float(np.mean(ps)) < 0.65


def test_p_is_the_same_each_time():
    assert drift(cloud(1), cloud(2)) == drift(cloud(1), cloud(2))


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        (cloud(1), cloud(1, dimensions=8), "20 vectors of 16 and 20 of 8"),
        (cloud(1), [*cloud(1)[:-1], [0.0] * 16], "a vector is zero"),
        (cloud(1), [*cloud(1)[:-1], [float("nan")] * 16], "a vector is zero"),
        (cloud(1), [*cloud(1)[:-1], [1.0] * 3], "not of one length"),
    ],
)
def test_what_cannot_be_compared_is_said(before, now, what):
    with pytest.raises(ValueError, match=what):
        drift(before, now)


def test_few_texts_say_nothing():
    with pytest.raises(Vacuous, match="4 texts are too few"):
        drift(cloud(1)[:4], cloud(1)[:4])


def test_unsound_vectors_are_named():
    vectors = {
        "well": [0.5, -0.5],
        "zero": [0.0, 0.0],
        "nan": [float("nan"), 1.0],
        "null": [None, 1.0],
        "short": [1.0],
        "none": [],
    }
    assert unsound(vectors, 2) == [
        "zero is zero",
        "nan holds what is no number",
        "null holds what is no number",
        "short has 1 numbers, not 2",
        "none has no vector",
    ]


def test_cosines():
    assert cosine([1, 0], [2, 0]) == pytest.approx(1)
    assert cosine([1, 0], [0, 3]) == pytest.approx(0)
    with pytest.raises(ValueError, match="a vector is zero"):
        cosine([1, 0], [0, 0])


def test_separation_of_pairs():
    found = separation([0.9, 0.6], [0.1, 0.7])
    assert found.margin == pytest.approx(0.35)
    assert found.ordered_pct == pytest.approx(75)
    assert separation([0.5], [0.5]).ordered_pct == 50
    with pytest.raises(Vacuous, match="0 pairs of texts are alike and 1 are not"):
        separation([], [0.5])
