"""The segments that documents were cut into: how long they are, and how many are empty or cut off."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN = frozenset(",-(")
"""Signs besides letters and digits after which a sentence goes on."""

HEADING = 8
"""Words up to which a segment may be a heading, or a cell of a table, which ends without a full stop."""


@dataclass(frozen=True, slots=True)
class Segments:
    """The texts of a collection.

    Attributes:
        lengths: in characters, without blanks at either end.
        empty_pct: share of those that hold no word.
        cut_pct: share of those that end in the middle of a sentence.
    """

    lengths: tuple[int, ...]
    empty_pct: float
    cut_pct: float

    @property
    def mean_length(self) -> float:
        """In characters."""
        return fmean(self.lengths)


def segments(texts: Sequence[str]) -> Segments:
    """Look at texts.

    Raises:
        Vacuous: there is none.
    """
    if not texts:
        raise Vacuous("the collection has no segments to look at.")
    bare = [text.strip() for text in texts]
    empty = [not any(sign.isalnum() for sign in text) for text in bare]
    cut = [not none and _cut(text) for none, text in zip(empty, bare, strict=True)]
    return Segments(tuple(map(len, bare)), 100 * fmean(empty), 100 * fmean(cut))


def _cut(text: str) -> bool:
    """Whether a text ends within a sentence."""
    return len(text.split()) > HEADING and (text[-1].isalnum() or text[-1] in WITHIN)
