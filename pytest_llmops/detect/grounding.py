"""Whether an answer brings in what its sources do not have: a figure, a name, a sentence about something else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_llmops.detect import names, sourced_figures
from pytest_llmops.detect.abstaining import abstains, courteous
from pytest_llmops.detect.vocabulary import Vocabulary, carrying, commonness, language
from pytest_llmops.errors import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["figure", "name", "sentence"]

LEAST = 0.3
"""Of a sentence's words, weighed by how rare they are, so much stands in the sources at least."""

FEWEST = 3
"""Words that carry a subject in a sentence that can be about something else."""

_SENTENCE = re.compile(
    r"(?<=[.!?。])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!Prof\.)(?<!Mrs\.)(?<!Mio\.)(?<!Mrd\.)\s+(?=[\W\d]*[A-ZÀ-Ý])"
    r"|\n+|;\s"
)


@dataclass(frozen=True, slots=True)
class Stray:
    """Something of an answer that is in none of its sources.

    Attributes:
        kind: ``figure``, ``name`` or ``sentence``.
        text: as the answer has it.
        why: what is wrong with it.
    """

    kind: Kind
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind} {excerpt(self.text)!r}: {self.why}"


@dataclass(frozen=True, slots=True)
class Grounding:
    """What of an answer comes from elsewhere.

    Attributes:
        strays: figures, then names and sentences in the answer's order.
    """

    strays: tuple[Stray, ...]

    @property
    def grounded(self) -> bool:
        """Whether nothing does."""
        return not self.strays

    def __str__(self) -> str:
        return "; ".join(map(str, self.strays))


def check(answer: str, texts: Sequence[str], least: float = LEAST) -> Grounding:
    """Hold an answer against the texts that it was made of.

    Found is what is brought in from elsewhere: a figure that no text gives with that unit; a name (of a person,
    company, product, place) that stands in none; a sentence about something that they do not speak of. Not found is
    what twists them in their own words: a negation, a direction, a cause, a figure or name in another's place (docs,
    'grounding'). A sentence that says what the texts do not say claims nothing.

    Args:
        answer: what is looked through; English, German, French or Spanish.
        texts: of its sources, in the same language.
        least: share of a sentence's words, weighed by how rare they are, that stands in the texts, from 0 to 1.

    Raises:
        ConfigError: a package that this needs is not installed; says how to install it.
    """
    together = "\n\n".join(texts)
    tongue = language(f"{answer}\n{together}")
    known = Vocabulary(together, tongue)
    claiming = [one for one in sentences(answer) if not abstains(one, tongue)]
    figures = sourced_figures.strange("\n".join(claiming), together)
    strays = [Stray("figure", one.found, one.why) for one in figures]
    for sentence in claiming:
        strays += _of_sentence(sentence, known, tongue, least)
    return Grounding(tuple(strays))


def sentences(text: str) -> list[str]:
    """Of an answer, also at line ends and semicolons."""
    return [one.strip() for one in _SENTENCE.split(text) if one.strip()]


def _of_sentence(sentence: str, known: Vocabulary, tongue: str, least: float) -> Iterator[Stray]:
    found = list(names.strange(sentence, known, tongue))
    yield from (Stray("name", one.text, "it stands in no source") for one in found)
    if courteous(sentence):
        return
    share, count = overlap(sentence, known, tongue)
    if count >= FEWEST and share < least:
        yield Stray("sentence", sentence, f"{share:.0%} of its words stand in the sources, not {least:.0%}")


def overlap(sentence: str, known: Vocabulary, tongue: str) -> tuple[float, int]:
    """The share of its words that stands in the sources, weighed by rarity; and how many carry a subject at all."""
    said = {word.text: _weight(word.text, tongue) for word in carrying(sentence)}
    there = sum(weight for word, weight in said.items() if known.has(word))
    return there / sum(said.values()) if said else 1.0, len(said)


def _weight(word: str, tongue: str) -> float:
    """One for a word of which there is one in a million, less for one that is commoner, a quarter at least."""
    return min(max((7 - commonness(word.lower(), tongue)) / 4, 0.25), 1.0)
