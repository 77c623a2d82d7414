"""The words of texts, matched across inflection and compounding, and how rare a word is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pytest_llmops.detect.function_words import BY_LANGUAGE, FUNCTION_WORDS
from pytest_llmops.detect.packages import needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowballstemmer.basestemmer import BaseStemmer

SNOWBALL = {"en": "english", "de": "german", "fr": "french", "es": "spanish"}
"""Languages whose inflection is known, and Snowball's name of each."""

LONG = 5
"""Letters that forms of one word share at their beginning, and that a part of a compound has at least."""

_WORD = re.compile(r"[^\W\d_]+(?:[-&'’][^\W\d_]+)*")
_PART = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    Attributes:
        text: as it is written, a compound with hyphens in one.
        start, end: of its characters.
    """

    text: str
    start: int
    end: int

    @property
    def parts(self) -> list[str]:
        """The words between its hyphens and apostrophes, but for one-letter ones."""
        return [part for part in _PART.findall(self.text) if len(part) > 1] or [self.text]

    @property
    def carries(self) -> bool:
        """Whether it says something of a subject: no function word."""
        return len(self.text) > 1 and any(part.lower() not in FUNCTION_WORDS for part in self.parts)


def words(text: str) -> list[Word]:
    """The words of a text in its order, without figures."""
    return [Word(found[0], found.start(), found.end()) for found in _WORD.finditer(text)]


def language(text: str) -> str:
    """Which of the languages of ``SNOWBALL`` a text is in, by its function words; ``en`` where none says so."""
    said = [word.lower() for word in _PART.findall(text)]
    counts = {code: sum(word in known for word in said) for code, known in BY_LANGUAGE.items()}
    return max(counts, key=lambda code: counts[code])


def plain(word: str) -> str:
    """In small letters without accents: ``Müller's`` and ``MULLER`` alike."""
    folded = unicodedata.normalize("NFKD", word.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue"))
    return re.sub(r"['’]s?$", "", "".join(one for one in folded if not unicodedata.combining(one)))


class Vocabulary:
    """The words that a text has."""

    def __init__(self, text: str, tongue: str) -> None:
        self._tongue = tongue
        self._text = plain(re.sub(r"\s+", " ", text))
        self._words = {plain(part) for word in words(text) for part in (word.text, *word.parts)}
        self._stems = {stem(word, tongue) for word in self._words}
        self._beginnings = {word[:LONG] for word in self._words if len(word) >= LONG}
        self._peoples = {root for word in words(text) if word.text[0].isupper() if (root := _people(plain(word.text)))}
        self._long = [word for word in self._words if len(word) >= LONG]

    def has(self, word: str) -> bool:
        """Whether it, a form of it, or a part of it as a compound stands there."""
        said = plain(word)
        if said in self._words or stem(said, self._tongue) in self._stems or said[:LONG] in self._beginnings:
            return True
        if len(said) < LONG:
            return len(said) > 3 and any(one.startswith(said) or one.endswith(said) for one in self._long)
        return any(said in one or one in said or _shared(said, one) for one in self._long)

    def names(self, word: str) -> bool:
        """Whether a name stands there, whole, inflected or within another word; "Spanish" where "Spain" does."""
        said = plain(word)
        if said in self._words or (len(said) > 3 and said in self._text):
            return True
        stems = {said.removesuffix(end) for end in ("s", "es", "er", "en", "n")} if len(said) > 4 else {said}
        if stems & self._words:
            return True
        root = _people(said)
        return said[:3] in self._peoples or bool(root and any(one[:3] == root for one in self._words))


_DEMONYM = re.compile(r"(?:ish|ian|ean|ese|an|isch(?:e[nmrs]?)?|ais(?:es?)?|ois(?:es?)?|iens?|iennes?)$")
"""How one who, or what, is of a place is called."""


def _people(word: str) -> str:
    """How the name begins of whose people or things a word tells: ``spa`` of "Spanish"; empty where it tells none."""
    root = _DEMONYM.sub("", word)
    return root[:3] if root != word and len(root) > 2 else ""


def _shared(said: str, one: str) -> bool:
    """Whether one begins as the other ends, or both end alike: ``Zimmerpreis`` and ``Preisliste``."""
    return said[-6:] == one[-6:] if min(len(said), len(one)) > 6 else False


@cache
def stem(word: str, tongue: str) -> str:
    """Without its endings."""
    return str(_stemmer(tongue).stemWord(word))


@cache
def _stemmer(tongue: str) -> BaseStemmer:
    needed("snowballstemmer", extra="quality", to="telling whether an answer is grounded")
    from snowballstemmer import stemmer

    return stemmer(SNOWBALL[tongue])


@cache
def commonness(word: str, tongue: str) -> float:
    """How often a language has a word, as the logarithm of its number in a billion words: 0 never, 7 as "the"."""
    needed("wordfreq", extra="quality", to="telling whether an answer is grounded")
    from wordfreq import zipf_frequency

    return float(zipf_frequency(word, tongue))


def carrying(text: str) -> Iterator[Word]:
    """Words of a text that say something of a subject."""
    return (word for word in words(text) if word.carries)
