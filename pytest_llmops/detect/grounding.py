"""How far an answer rests on the texts that came with it: its figures one by one, its words as a share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.detect import numbers
from pytest_llmops.detect.function_words import FUNCTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEAST = 0.4
"""Share of an answer's words that stands in its texts at least: of 700 answers that rest on theirs, 9 have less."""

SHOWN = 8
"""Words that a sentence names."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_BEGINNING = 5


@dataclass(frozen=True, slots=True)
class Grounding:
    """What of an answer stands in texts.

    Attributes:
        figures: its figures, held against those of the texts.
        words: how many different words it has that carry a subject, by their beginnings.
        strange: those that stand in no text, in the answer's order.
        least: share of the words that has to stand there.
    """

    figures: numbers.NumberReview
    words: int
    strange: tuple[str, ...]
    least: float

    @property
    def share(self) -> float:
        """Of its words, how many stand in the texts, from 0 to 1; 1 where it has none."""
        return 1 - len(self.strange) / self.words if self.words else 1.0

    @property
    def grounded(self) -> bool:
        """Whether each figure stands there, and enough of the words do."""
        return self.figures.faithful and self.share >= self.least

    def __str__(self) -> str:
        said = [str(finding) for finding in self.figures.findings]
        if self.share < self.least:
            more = f" and {len(self.strange) - SHOWN} more" if len(self.strange) > SHOWN else ""
            named = ", ".join(self.strange[:SHOWN])
            said.append(f"{self.share:.0%} of its words stand in its sources, not {self.least:.0%}; not {named}{more}")
        return "; ".join(said)


def check(answer: str, texts: Sequence[str], least: float = LEAST) -> Grounding:
    """Hold an answer against the texts that it was made of.

    Figures are judged one by one, by :mod:`pytest_llmops.detect.numbers`. Words only say whether the answer is about
    the same at all: a right word in a wrong place, a negation, a cause are not seen (docs, 'grounding').

    Args:
        answer: what is looked through.
        texts: of its sources.
        least: share of its words that has to stand in them, from 0 to 1.

    Raises:
        ConfigError: a package that this needs is not installed; says how to install it.
    """
    together = "\n\n".join(texts)
    known = set(_beginnings(together))
    said = _beginnings(answer)
    strange = tuple(word for beginning, word in said.items() if beginning not in known)
    return Grounding(numbers.check(answer, together), len(said), strange, least)


def _beginnings(text: str) -> dict[str, str]:
    """How the words begin that carry a subject, each with the first such word as it is written."""
    found: dict[str, str] = {}
    for word in _carrying(text):
        found.setdefault(word[:_BEGINNING].lower(), word)
    return found


def _carrying(text: str) -> Iterable[str]:
    return (word for word in _WORD.findall(text) if word.lower() not in FUNCTION_WORDS)
