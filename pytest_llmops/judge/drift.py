"""Embeddings: are they sound, do they tell texts apart, and are those of the same texts still where they were?"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROUNDS, SEED = 1999, 20260101
"""Permutations of the two-sample test, and the seed by which they are drawn: the same vectors have the same p."""

FEWEST = 5
"""Texts of each side below which the test cannot come to p < .01: of 5 and 5 there are 252 divisions."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Embeddings of the same texts, then and now; all of vectors of length 1.

    Attributes:
        shift: 1 - cosine of the two centroids; 0 where the centre is where it was, 2 at the most.
        spread_pct: by how many % the root mean square distance from the centroid is another; below 0 where smaller.
        distance: energy distance of the two samples (Székely and Rizzo, 2013); 0 where they are the same.
        p: of it, by permutation: how likely a division by chance lies as far apart.
        same: the least cosine of a text's vector with itself, then and now.
        texts: how many.
    """

    shift: float
    spread_pct: float
    distance: float
    p: float
    same: float
    texts: int

    @property
    def spread_off_pct(self) -> float:
        """By how many % the spread is another, in either direction."""
        return abs(self.spread_pct)

    def __str__(self) -> str:
        return f"{self.texts} texts, energy distance {self.distance:.3g}, p = {self.p:.3g}"


def drift(before: Sequence[Sequence[float]], now: Sequence[Sequence[float]]) -> Drift:
    """Compare embeddings of the same texts, made by the same model.

    Args:
        before: as they were accepted, shape (n, d).
        now: shape (n, d), of the same texts in the same order.

    Raises:
        Vacuous: of so few texts nothing would be significant.
        ValueError: they are of other lengths, which no drift explains; or one is zero, or holds no numbers.
    """
    if len(before) < FEWEST:
        raise Vacuous(f"{len(before)} texts are too few to say that embeddings have drifted; it takes {FEWEST}.")
    was, is_now = _unit(before), _unit(now)
    if was.shape != is_now.shape:
        raise ValueError(f"{was.shape[0]} vectors of {was.shape[1]} and {is_now.shape[0]} of {is_now.shape[1]}")
    spreads = [float(np.sqrt(np.mean(np.sum((one - one.mean(axis=0)) ** 2, axis=1)))) for one in (was, is_now)]
    spread_pct = 100 * (spreads[1] - spreads[0]) / spreads[0] if spreads[0] else (100.0 if spreads[1] else 0.0)
    distance, p = _energy(was, is_now)
    shift = 1 - cosine(was.mean(axis=0), is_now.mean(axis=0))
    return Drift(shift, spread_pct, distance, p, float(np.min(np.sum(was * is_now, axis=1))), len(was))


def _energy(one: Floats, other: Floats) -> tuple[float, float]:
    """The energy distance of two samples, and its p by permutation of which vector is of which."""
    pooled = np.vstack([one, other])
    apart = np.sqrt(np.maximum(0.0, 2 - 2 * pooled @ pooled.T))
    np.fill_diagonal(apart, 0.0)
    weights = np.concatenate([np.full(len(one), 1 / len(one)), np.full(len(other), -1 / len(other))])
    shuffled = np.random.default_rng(SEED).permuted(np.tile(weights, (ROUNDS, 1)), axis=1)
    found = -float(weights @ apart @ weights)
    by_chance = -np.einsum("ij,ij->i", shuffled @ apart, shuffled)
    # The square root makes 1e-8 of the last digit of a product: vectors that are the same lie that far apart
    as_far = int(np.count_nonzero(by_chance >= found - 1e-7))
    return max(0.0, found), (1 + as_far) / (1 + ROUNDS)


def _unit(vectors: Sequence[Sequence[float]]) -> Floats:
    """The vectors at length 1, shape (n, d).

    Raises:
        ValueError: they are not of one length, or one of them has no direction.
    """
    if len({len(vector) for vector in vectors}) != 1:
        raise ValueError("the vectors are not of one length")
    found = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise ValueError("a vector is zero, or holds what is no number")
    return np.asarray(found / lengths, dtype=np.float64)


def cosine(one: Any, other: Any) -> float:
    """The cosine of two vectors of one length.

    Raises:
        ValueError: they are not of one length, or one of them has no direction.
    """
    first, second = _unit([one, other])
    return float(first @ second)


def unsound(vectors: Mapping[str, Sequence[float | None]], dimensions: int) -> list[str]:
    """What is wrong with embeddings, a clause for each that is not as it should be.

    Args:
        vectors: by what each is called.
        dimensions: how many numbers each has to have.
    """
    found = []
    for name, vector in vectors.items():
        numbers = [one for one in vector if isinstance(one, int | float) and np.isfinite(one)]
        if len(vector) != dimensions:
            found.append(f"{name} has {len(vector)} numbers, not {dimensions}" if vector else f"{name} has no vector")
        elif len(numbers) < len(vector):
            found.append(f"{name} holds what is no number")
        elif not any(numbers):
            found.append(f"{name} is zero")
    return found


@dataclass(frozen=True, slots=True)
class Separation:
    """How well embeddings tell texts that are alike from texts that are not.

    Attributes:
        alike, unlike: mean cosines of the pairs of each kind.
        ordered_pct: of all pairs of one of each kind, those in which the alike one is nearer: the area under the ROC
            curve; 50 is chance.
    """

    alike: float
    unlike: float
    ordered_pct: float

    @property
    def margin(self) -> float:
        """By how much pairs that are alike are nearer, on the mean."""
        return self.alike - self.unlike

    def __str__(self) -> str:
        return f"pairs that are alike {self.alike:.3g}, others {self.unlike:.3g}"


def separation(alike: Sequence[float], unlike: Sequence[float]) -> Separation:
    """Compare cosines of pairs of texts that are alike with those of pairs that are not.

    Raises:
        Vacuous: there are none of one kind.
    """
    if not alike or not unlike:
        raise Vacuous(f"{len(alike)} pairs of texts are alike and {len(unlike)} are not; it takes some of each.")
    orders = [1.0 if near > far else 0.5 if near == far else 0.0 for near in alike for far in unlike]
    return Separation(fmean(alike), fmean(unlike), 100 * fmean(orders))
