"""Embeddings without a model: a hashed bag of word stems and their pairs, of unit length."""

from __future__ import annotations

import math
from itertools import pairwise
from zlib import crc32

from pytest_llmops.sandbox.wording import stem, subject, words

DIMENSIONS = 256

_PAIR = 0.5  # a pair says less than its words: few are met again in another wording


def embed(text: str) -> list[float]:
    """A text's vector: 256 numbers, length 1, the same in every run; texts that share words are near each other."""
    vector = [0.0] * DIMENSIONS
    stems = subject(text) or [stem(word) for word in words(text)] or [""]
    for word in stems:
        _add(vector, word, 1.0)
    for first, second in pairwise(stems):
        _add(vector, f"{first} {second}", _PAIR)
    length = math.sqrt(sum(value * value for value in vector))
    if length == 0:  # all cancelled out: still a direction of its own
        _add(vector, text, 1.0)
        length = 1.0
    return [value / length for value in vector]


def _add(vector: list[float], feature: str, weight: float) -> None:
    code = crc32(feature.encode())
    vector[code % DIMENSIONS] += weight if code & 0x10000 else -weight


def elsewhere(vector: list[float]) -> list[float]:
    """The same as another model might have it: texts are as near each other, and nowhere near where they were.

    Components change places, and every other one its sign.
    """
    return [-value if place % 2 else value for place, value in enumerate(reversed(vector))]


def alike(vector: list[float]) -> list[float]:
    """A vector by a model that tells no text from another: hardly off one direction, the same for all."""
    common = 1 / math.sqrt(len(vector))
    moved = [common + 0.02 * value for value in vector]
    length = math.sqrt(sum(value * value for value in moved))
    return [value / length for value in moved]
