"""What the synthetic engine says: answers from what it has read, the fact within the first words."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from pytest_llmops.sandbox import corpus, orders
from pytest_llmops.sandbox.wording import STOP_WORDS, stem, subject, words

UNKNOWN = "The handbook says nothing about this."
NONSENSE = (
    "It depends on many things, and each of them may be seen in its own light. "
    "Some would say one thing and others another, and both could well be right in their own way."
)

_QUESTION = re.compile(r"^\s*(?:question|query)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_CONTEXT = re.compile(r"^\s*context\s*:", re.IGNORECASE | re.MULTILINE)
_ENOUGH = 0.4  # share of the question's weight that a sentence must meet to be an answer
_LEAD = 7  # a fact within this many words stays where it stands; a later one is drawn to the front
_TELLING_WORDS = "two three four five six seven eight nine ten twelve twenty hundred thousand never"
_TELLING = frozenset(_TELLING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence and what follows it in its text."""

    sentence: str
    rest: str
    stems: frozenset[str]


class Reader:
    """Reads the handbook once, then answers prompts; the same prompt always gets the same words."""

    def __init__(self) -> None:
        self._handbook = [passage for document in corpus.documents() for passage in _passages(document.text)]
        self._total = len(self._handbook)
        self._seen = Counter(stem for passage in self._handbook for stem in passage.stems)

    def answer(self, prompt: str, context: str = "") -> list[str]:
        """The tokens of the answer, one per word; joined they are the text.

        Args:
            prompt: a question, alone or in a prompt that brings its own context; that context is preferred, and one
                that is marked ``Context:`` is all that counts.
            context: further text given beside the prompt (earlier messages of a chat).
        """
        question, given = _parted(prompt)
        stated = [passage for passage in _passages(f"{_marked(context)}\n{given}") if passage.sentence[-1] != "?"]
        best = self._best(question, stated)
        if best is None and not _CONTEXT.search(f"{context}\n{prompt}"):
            best = self._best(question, self._handbook)
        return tokens(_told(best, question) if best else UNKNOWN)

    def _best(self, question: str, passages: list[Passage]) -> Passage | None:
        asked = {word: self._weight(word) for word in subject(question)}
        needed = _ENOUGH * sum(asked.values())
        best, most = None, 0.0
        for passage in passages:
            met = sum(weight for word, weight in asked.items() if word in passage.stems)
            if met > most and met >= needed:
                best, most = passage, met
        return best

    def _weight(self, word: str) -> float:
        """Rare words say more (inverse sentence frequency)."""
        return math.log((1 + self._total) / (1 + self._seen[word])) + 1


def tokens(text: str) -> list[str]:
    """A text as tokens: words, each but the first with the blank before it."""
    return [word if index == 0 else f" {word}" for index, word in enumerate(text.split())]


def _passages(text: str) -> list[Passage]:
    """A text's facts; what orders its reader about is none."""
    parts = [part for part in corpus.sentences(text) if not (orders.given(part) or orders.addressed(part))]
    return [
        Passage(part, " ".join(parts[:index] + parts[index + 1 :])[:400], frozenset(subject(part)))
        for index, part in enumerate(parts)
    ]


def _parted(prompt: str) -> tuple[str, str]:
    """The question of a prompt, and the context that it brings along."""
    marked = list(_QUESTION.finditer(prompt))
    if marked:
        question = marked[-1]
        found = question[1], prompt[: question.start()] + prompt[question.end() :]
    else:
        parts = corpus.sentences(prompt)
        asked = [index for index, part in enumerate(parts) if part.endswith("?")]
        if not asked:
            return prompt, ""
        found = parts.pop(asked[-1]), "\n".join(parts)
    return found[0], _marked(found[1])


def _marked(text: str) -> str:
    """What follows ``Context:``; the whole text where that is not said."""
    mark = _CONTEXT.search(text)
    return text[mark.end() :] if mark else text


def _told(passage: Passage, question: str) -> str:
    """The sentence, with its fact as a phrase of its own before it where it would come late, then what follows it."""
    told = passage.sentence.split()
    fact = _fact(told, question)
    phrase = _phrase(told, fact) if fact >= _LEAD else ""
    return " ".join(part for part in (phrase, passage.sentence, passage.rest) if part)


def _fact(told: list[str], question: str) -> int:
    """Where the word stands that answers: new to the question, telling, near to what was asked for."""
    asked = subject(question)
    stems = [stem(found[0]) if (found := words(word)) else "" for word in told]
    focus = next((stems.index(word) for word in asked if word in stems), 0)
    best, most = 0, 0.0
    for index, (word, root) in enumerate(zip(told, stems, strict=True)):
        bare = word.strip(".,:;").lower()
        if not root or root in asked or bare in STOP_WORDS:
            continue
        telling = 4 if word[0].isdigit() or bare in _TELLING else 3 if index and word[0].isupper() else 1
        if (weight := telling / (1 + abs(index - focus))) > most:
            best, most = index, weight
    return best


def _phrase(told: list[str], fact: int) -> str:
    end = fact + 1
    while end < min(fact + 3, len(told)) and told[end].lower() not in STOP_WORDS and told[end - 1][-1] not in ".,:;":
        end += 1
    text = " ".join(told[max(0, fact - 3) : end]).rstrip(".,:;")
    return f"{text[0].upper()}{text[1:]}."
