"""Figures of an answer that its sources do not give: with that unit, in whichever notation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmops.detect import numbers
from pytest_llmops.detect.number_words import COUNTED
from pytest_llmops.detect.numbers import NumberFinding
from pytest_llmops.detect.quantities import Quantity, find, readings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal


OF_ANOTHER = frozenset({"the value is another fact's", "the facts say the opposite direction"})
"""What ``numbers`` finds of figures that the sources do give."""

_DOLLARS = frozenset({"USD", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN"})
_CLOCK = re.compile(r"(\d{1,2})[:.h]\s?(\d\d)")
_HOUR = re.compile(r"\s?(?:[ap]\.?m\b|uhr\b|h\b|o'clock)", re.IGNORECASE)
_CENTS = re.compile(r"\s?(?:cents?|ct|p|pence|centimes?)\b", re.IGNORECASE)
_DAY = re.compile(r"(\d{1,2})[./](\d{1,2})\.?")
_WORD = re.compile(r"[^\W\d_]+")


def strange(answer: str, sources: str) -> Iterator[NumberFinding]:
    """The figures that no source gives.

    Whether a figure is of the same subject there is not asked: what ``numbers`` finds of that is left out.

    Raises:
        ConfigError: a package that this needs is not installed; says how to install it.
    """
    given = find(sources)
    cents = [one for one in given if not one.unit and _CENTS.match(sources, one.end)]
    figures = {one.start: one for one in find(answer)}
    found = [one for one in numbers.check(answer, sources).findings if one.why not in OF_ANOTHER]
    hours = [one for one in given if not one.unit and _HOUR.match(sources, one.end)]
    yield from _amounts_of_hours(list(figures.values()), given, hours)
    spelled = find(_WORD.sub(lambda word: str(COUNTED.get(word[0].lower(), word[0])), sources)) if found else []
    for one in found:
        figure = figures.get(one.start)
        if not figure or not (
            _given(figure, [*given, *spelled])
            or _clock(figure, given)
            or _day(figure, given)
            or (figure.money and any(_hundredfold(figure, fact) for fact in cents))
        ):
            yield one


def _amounts_of_hours(
    figures: Sequence[Quantity], given: Sequence[Quantity], hours: Sequence[Quantity]
) -> Iterator[NumberFinding]:
    """Amounts and percentages whose number only a time of day has: "6 euros" where the source has "6 p.m."."""
    others = [one for one in given if one not in hours]
    for figure in figures:
        if not (figure.money or figure.unit == "%") or any(_values(figure) & _values(one) for one in others):
            continue
        fact = next((one for one in hours if _values(figure) & _values(one)), None)
        if fact:
            why = "the facts give a time of day"
            yield NumberFinding("altered", figure.text, fact.text, figure.start, figure.end, why)


def _given(figure: Quantity, given: Sequence[Quantity]) -> bool:
    if figure.day and not figure.readings:
        return False
    return any(_agree(figure, fact) and _equal(figure, fact) for fact in given)


def _equal(figure: Quantity, fact: Quantity) -> bool:
    """Whether two values are one: with scale and unit where both have the same unit, else as the digits say."""
    if not fact.day and (figure.unit == fact.unit or {figure.unit, fact.unit} <= _DOLLARS):
        return bool({one.value for one in figure.readings} & {one.value for one in fact.readings})
    return bool(_values(figure) & _values(fact))


def _values(one: Quantity) -> set[Decimal]:
    return {reading.value for reading in (readings_of(one) or one.readings)}


def _agree(figure: Quantity, fact: Quantity) -> bool:
    """Whether two units may be one: where either has none, or one is a way of writing the other."""
    mine, theirs = figure.unit, fact.unit
    return not mine or not theirs or mine == theirs or {mine, theirs} <= _DOLLARS or {mine, theirs} == {"m", "km/h"}


def _hundredfold(figure: Quantity, fact: Quantity) -> bool:
    """Whether one is said in cents and the other is not."""
    return bool({value * 100 for value in _values(figure)} & _values(fact))


def _clock(figure: Quantity, given: Sequence[Quantity]) -> bool:
    """Whether a time of day is said by its hour, of twelve or of twenty-four."""
    said = _CLOCK.fullmatch(figure.text)
    if not said:
        return False
    hour, minute = int(said[1]), int(said[2])
    bare = [str(value) for fact in given for value in _values(fact)]
    hours = {str(hour), str(hour % 12), str(hour + 12)}
    return bool(hours & set(bare)) and (not minute or str(minute) in bare)


def _day(figure: Quantity, given: Sequence[Quantity]) -> bool:
    """Whether it is day and month of a date, as ``15.06.`` is."""
    said = _DAY.fullmatch(figure.text)
    return said is not None and any(
        choice[1:3] == (int(said[2]), int(said[1])) for fact in given if fact.day for choice in fact.day.choices
    )
