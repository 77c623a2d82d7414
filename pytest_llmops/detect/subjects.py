"""What a figure is said of: the words before and after it, its year, and whether it goes up or down."""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_llmops.detect import number_words
from pytest_llmops.detect.function_words import FUNCTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.detect.quantities import Quantity

_STOP = re.compile(r"(?<!\d)[.!?](?=\s|$)|(?<=\D)[.!?](?=\s+\D|$)|\n|[。！？;]")
_WORD = re.compile(r"[^\W\d_]{2,}|\d+")
_LOSS = re.compile(number_words.words(number_words.LOSS), re.IGNORECASE)
_PROFIT = re.compile(number_words.words(number_words.PROFIT), re.IGNORECASE)
_DOWN = re.compile(number_words.words(number_words.DOWN), re.IGNORECASE)
_UP = re.compile(number_words.words(number_words.UP), re.IGNORECASE)
_LEVEL = re.compile(rf"{number_words.words(number_words.LEVEL)}\W*$", re.IGNORECASE)
_COMMA = re.compile(r"[,;、,](?!\d)|\s\(")
_NAMED = re.compile(r"(?<!\w)[A-Z&]{2,}\s\Z")
_COMPOUND = re.compile(r"\d+-[^\W\d]+")
_KEPT = {"lower", "higher", "growth"}
_OF = re.compile(
    r"\s*(?:from|in|for|on|of|by|to|with|aus|von|für|bei|im|an|auf|pour|en|de|dans|por|para|di|per|em|voor|van)\s"
)
_JOINED = re.compile(r"(?:,|\s(?:and|und|et|y|e|en|or))(?:\s[^\W\d]{2,3})?\s*$")
_FROM = re.compile(r"(?<!\w)(?:from|von|desde)\W*$", re.IGNORECASE)
_TO = re.compile(r"(?<!\w)(?:to|auf|hasta|naar)\W*$", re.IGNORECASE)
_LENGTH = 5


@dataclass(frozen=True, slots=True)
class Told:
    """A figure with what it is said of.

    Attributes:
        quantity: the figure.
        before, after: beginnings of the words around it, up to the next figure, comma or end of the sentence;
            ``before`` has those after it where none stand before, as in "37 errors, 4 restarts".
        of: those after it, where they begin with a preposition, as in "4 million from rents".
        years: that it is of.
        direction: 1 up or a profit, -1 down or a loss, 0 where nothing says so.
        earlier: beginnings of the words before it in its sentence.
        moves: -1 what a movement starts from, 1 what it comes to, 0 neither.
    """

    quantity: Quantity
    before: frozenset[str]
    after: frozenset[str]
    of: frozenset[str]
    years: frozenset[int]
    direction: int
    earlier: frozenset[str] = frozenset()
    moves: int = 0

    @property
    def subject(self) -> frozenset[str]:
        """The words that say what it is of."""
        return self.before | self.of or self.after


def told(text: str, quantities: Sequence[Quantity]) -> Iterator[Told]:
    """Each figure of a text with its subject."""
    names = [one for one in quantities if not one.day and _names(one, text)]
    figures = [one for one in quantities if not one.day and one not in names]
    nothing: frozenset[str] = frozenset()
    yield from (Told(one, nothing, nothing, nothing, frozenset(), 0) for one in names)
    inherited: frozenset[str] = frozenset()
    for one in figures:
        start, end = _sentence(text, one.start)
        near = [other for other in figures if start <= other.start < end]
        place = near.index(one)
        left = text[near[place - 1].end if place else start : one.start]
        right = text[one.end : near[place + 1].start if place + 1 < len(near) else end]
        after = _words(_COMMA.split(right)[0])
        clause = _COMMA.split(left.rstrip(" (*:|"))[-1]
        before = _words(re.split(r":(?!\d)", clause)[-1])
        if place and left.rstrip().endswith("(") and len(before) < 2 and not _COMMA.search(left.rstrip(" (")):
            before |= inherited
        if place and _OF.match(left) and _OF.match(right) and _JOINED.search(left):
            before = frozenset()
        before = before or after or (inherited if place else frozenset())
        inherited = before
        of = after if _OF.match(right) else frozenset()
        yield Told(
            one,
            before,
            after,
            of,
            _years(text, one, near, quantities),
            _direction(one, left, right),
            _words(text[start : one.start]),
            _moves(left),
        )


def _names(one: Quantity, text: str) -> bool:
    """Whether it is a part of what another figure is of: ``CAC 40``, ``30-year rate``."""
    if one.text.isdigit():
        return bool(_NAMED.search(text[max(0, one.start - 12) : one.start]))
    return bool(_COMPOUND.fullmatch(one.text))


@lru_cache(maxsize=4)
def _stops(text: str) -> list[tuple[int, int]]:
    """Where its sentences end: start and end of what ends each."""
    return [stop.span() for stop in _STOP.finditer(text)]


def _sentence(text: str, place: int) -> tuple[int, int]:
    stops = _stops(text)
    at = bisect(stops, (place, place))
    start = stops[at - 1][1] if at else 0
    end = stops[at][0] if at < len(stops) else len(text)
    opened = text.rfind("(", start, place)
    if opened >= 0 and ")" not in text[opened:place] and re.match(r"\(\D*\d{4}\s*:", text[opened:place]):
        return opened, text.find(")", place) if ")" in text[place:] else end
    return start, end


def _words(text: str) -> frozenset[str]:
    still = _UP.sub(_kept, _DOWN.sub(_kept, text))
    found = (word.group().lower() for word in _WORD.finditer(still))
    return frozenset(word[:_LENGTH] for word in found if word not in FUNCTION_WORDS and not word.isdigit()) | frozenset(
        number for number in re.findall(r"(?<![\d.,])\d{2,3}(?=[- ]?(?:day|week|month|Tage)|\b)", text)
    )


def _kept(match: re.Match[str]) -> str:
    return match[0] if match[0].lower() in _KEPT else " "


def _moves(left: str) -> int:
    return -1 if _FROM.search(left) else 1 if _TO.search(left) else 0


def _years(text: str, one: Quantity, near: Sequence[Quantity], all_of: Sequence[Quantity]) -> frozenset[int]:
    """Years of a figure: those before it in a sentence that begins with one, else those after it."""
    start, end = _sentence(text, one.start)
    days = [day for day in all_of if day.day and start <= day.start < end]
    if not days or not near:
        return frozenset()
    place = near.index(one)
    if days[0].start < near[0].start:
        from_, to = near[place - 1].end if place else start, one.start
    else:
        from_, to = one.end, near[place + 1].start if place + 1 < len(near) else end
        days = [day for day in days if not text.startswith(":", day.end)]
    return frozenset(year for day in days if day.day and from_ <= day.start < to for year in day.day.years)


def _direction(one: Quantity, left: str, right: str) -> int:
    if one.sign:
        return one.sign
    if one.unit in {"%", "points"}:
        after = re.split(r"[,;.]", right)[0][:20]
        clause = re.split(r"[,;(]", left)[-1]
        if _LEVEL.search(left):
            return 0
        return _last(_DOWN, _UP, clause) or _last(_DOWN, _UP, after)
    clause = re.split(r"[,;(]", left)[-1]
    return _last(_LOSS, _PROFIT, clause)


def _last(down: re.Pattern[str], up: re.Pattern[str], text: str) -> int:
    """Which of two is said last: -1, 1, or 0 for none."""
    lower = max((match.start() for match in down.finditer(text)), default=-1)
    upper = max((match.start() for match in up.finditer(text)), default=-1)
    return 0 if lower == upper else 1 if upper > lower else -1
