"""Names of an answer that its sources do not have: people, companies, products, places."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from pytest_llmops.detect.function_words import FUNCTION_WORDS
from pytest_llmops.detect.grounding_words import ABBREVIATIONS, LOANS, TITLES
from pytest_llmops.detect.packages import needed
from pytest_llmops.detect.vocabulary import Word, commonness, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.detect.vocabulary import Vocabulary

_OPENING = re.compile(r"(?:^|[.!?:;•¡¿\n\"“„«(>*#|–—-]|\d[.)])[\s\"“„«(*_#>-]*$")
"""Before a word that has a capital because something begins with it."""

_TITLE = re.compile(r"(?:^|\W)(?:Herrn?|Frau|Dr\.?|Prof\.?|Mr\.?|Mrs\.?|Ms\.?|Firma|Madame|Monsieur|Mme|M\.)\s+$")


def strange(sentence: str, known: Vocabulary, tongue: str) -> Iterator[Word]:
    """Names of a sentence that stand in no source.

    Args:
        sentence: of an answer.
        known: words of its sources.
        tongue: what the sentence is in, as ``vocabulary.language`` has it.
    """
    found = words(sentence)
    for at, word in enumerate(found):
        if not _capital(word.text) or all(_light(part) or known.names(part) for part in word.parts):
            continue
        if known.names(word.text):
            continue
        following = found[at + 1] if at + 1 < len(found) else None
        before = sentence[: word.start]
        if tongue == "de":
            if _german(word, before, known):
                yield word
        elif not _OPENING.search(before) or _inside(word.text) or _is_rare(word, following, sentence, tongue):
            yield word


_RARE, _FREQUENT = 2.5, 4.9
"""Commonness below which a word that opens a sentence is a name; and with a further capital behind it: "Apple Pay"."""


def _capital(text: str) -> bool:
    return text[0].isupper() or _inside(text)


def _inside(text: str) -> bool:
    """Whether it has a capital within, as ``iPhone`` and ``ADAC`` do."""
    return any(part[1:].upper() != part[1:].lower() and re.search(r"[A-ZÄÖÜ]", part[1:]) for part in text.split("-"))


def _light(part: str) -> bool:
    small = part.lower()
    return len(part) < 2 or small in FUNCTION_WORDS or small in TITLES or small in ABBREVIATIONS or small in _dates()


def _is_rare(word: Word, following: Word | None, sentence: str, tongue: str) -> bool:
    goes_on = following and sentence[word.end : following.start] == " " and following.text[0].isupper()
    small = word.text.lower()
    return not small.endswith("ing") and commonness(small, tongue) < (_FREQUENT if goes_on else _RARE)


def _german(word: Word, before: str, known: Vocabulary) -> bool:
    """German writes each noun with a capital: a name is one that other languages have too, or hardly any."""
    if _inside(word.text) or _TITLE.search(before):
        return True
    if known.has(word.text) or _OPENING.search(before):
        return False
    small = word.text.lower()
    if small in LOANS:
        return False
    if small in _places():
        return True
    own, foreign = commonness(small, "de"), commonness(small, "en")
    if own < _SELDOM:
        return not _compound(small)
    return (foreign >= _ABROAD and own - foreign < _APART) or (bool(_BARE.search(before)) and own < _UNUSUAL)


def _compound(small: str) -> bool:
    """Whether it is made of two common words, as German nouns that are in no dictionary are."""
    halves = ((small[:at], small[at:]) for at in range(4, len(small) - 3))
    return any(
        commonness(second, "de") >= _COMMON
        and any(commonness(first.removesuffix(joint), "de") >= _COMMON for joint in ("", "s", "n", "en", "es"))
        for first, second in halves
    )


_COMMON = 3.0
_SELDOM, _ABROAD, _APART, _UNUSUAL = 1.5, 1.3, 2.25, 3.5
_BARE = re.compile(r"(?:^|\s)(?:in|aus|bei|nach|von|und|oder|durch)\s+$|,\s+$")
"""Before a noun without an article, as names are."""


@cache
def _dates() -> frozenset[str]:
    """Names of months and days, in small letters."""
    needed("babel", extra="quality", to="telling whether an answer is grounded")
    from babel import Locale

    found: set[str] = set()
    for code in ("en", "de", "fr", "es"):
        for names in (Locale(code).months, Locale(code).days):
            for form in names.values():
                for width in ("wide", "abbreviated"):
                    found |= {name.lower().rstrip(".") for name in form[width].values()}
    return frozenset(found | {f"{name}s" for name in found})


@cache
def _places() -> frozenset[str]:
    """Names of countries, in small letters."""
    from babel import Locale

    return frozenset(name.lower() for name in Locale("de").territories.values())
