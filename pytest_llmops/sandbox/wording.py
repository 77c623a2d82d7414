"""Words and their stems: what the synthetic engine and the embedding compare texts by."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z0-9]+(?:[.,:][0-9]+)*")
_IRREGULAR = {"paid": "pay", "kept": "keep", "sent": "send", "told": "tell", "left": "leave", "made": "make"}

_STOP_WORDS = """
    a about after all also an and any are as at be been before by can could did do does for from get had has have he
    how if in into is it its just me more most my no nor not of off on one only or other our out over own please said
    say she should so some such tell than that the their them then there these they this those to too under until up
    us very was we were what when where which while who whom whose why will with within would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that say nothing about a text's subject."""


def words(text: str) -> list[str]:
    """The lower-cased words and numbers of a text; ``9.50`` and ``18:00`` stay whole."""
    return _WORD.findall(text.lower())


def stem(word: str) -> str:
    """A word without its commonest English endings: ``ships``, ``shipping``, ``shipped`` are one."""
    word = _IRREGULAR.get(word, word)
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def subject(text: str) -> list[str]:
    """The stems of a text's words that carry its subject, in order, repeats kept."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]
