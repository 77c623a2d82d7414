"""The figures of a text: numbers, percentages, amounts and dates, each with all that it can mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmops.detect import number_words
from pytest_llmops.detect.dates import Day, dates
from pytest_llmops.detect.numerals import Reading, readings

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMERAL = r"(?:\d{1,2}:\d\d(?!\d)|\d{1,3}(?:[ ,.'’\u00a0\u202f\u2009]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?)"
_LETTERS = "A-Za-zÀ-ɏͰ-ϿЀ-ӿ"
_CJK = rf"(?:{NUMERAL}\s?[千万萬億亿兆만억조]{{1,2}}\s?)+(?:{NUMERAL})?"
_SKIPPED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\S+@\S+\.\w+|^\s*(?:[-*•]\s+)?\d{1,2}[.)](?=\s)"
    r"|(?<=[.!?;] )\d{1,2}[.)](?=\s[^\W\d_])|\[\d[\d,;\s–-]*\]|\^\d+|(?<!\d)24/7(?!\d)"
    r"|(?<![\w.,-])[A-Za-z]+[-_/]?\d[\w.-]*(?:-[\w.-]+)+"
    rf"|(?<!\w)(?:{number_words.REFERENCE})[ -]?\d+(?:\.\d+)*\w?(?![\d,%])",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_ORDINAL = re.compile(r"(?<!\w)\d+(?:st|nd|rd|th|ère|er|ème|e|\.?º|\.?ª)(?!\w)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s?(?:[-–—~]|to|and|bis|und|à|et|a|y|e|en|tot|do|till|til)\s?", re.IGNORECASE)
_HEDGE = re.compile(
    rf"(?<!\w)(?:(?P<over>{number_words.OVER})|(?P<under>{number_words.UNDER})|(?P<about>{number_words.ABOUT}))\s*\W?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One figure as it is written, with what it can mean.

    Attributes:
        text: as written, with sign, scale and unit.
        start, end: of the text's characters.
        readings: its values in the smallest unit, each with how finely it is said: ``1.234`` is two of them.
        unit: ``%``, ``points``, a currency's code, ``g``, ``wh``, ``s``, ``months``, ``b``, ``m``, ``clock``,
            or nothing.
        money: whether the unit is a currency.
        hedge: ``about``, ``over``, ``under`` or nothing.
        sign: -1 where it has a minus or stands in an accountant's parentheses, 1 where it has a plus, else 0.
        day: what it is where it is a date; then it has no readings, or a year's own.
    """

    text: str
    start: int
    end: int
    readings: frozenset[Reading] = frozenset()
    unit: str = ""
    money: bool = False
    hedge: str = ""
    sign: int = 0
    day: Day | None = None


def find(text: str) -> list[Quantity]:
    """The figures of a text, in its order.

    None are numbers of lists, of citations and of sections, ordinals, number words, and what stands in code, addresses
    and identifiers.
    """
    plain = _SKIPPED.sub(lambda skipped: "\x00" * len(skipped[0]), text)
    found = [Quantity(text[start:end], start, end, _as_number(day), day=day) for start, end, day in dates(plain)]
    for one in found:
        plain = plain[: one.start] + "\x01" * (one.end - one.start) + plain[one.end :]
    plain = _ORDINAL.sub(lambda skipped: "\x00" * len(skipped[0]), plain)
    found += [_quantity(match, plain) for match in _pattern().finditer(plain)]
    return list(_ranged(sorted(found, key=lambda one: one.start), text))


def _as_number(day: Day) -> frozenset[Reading]:
    """A bare year may be a number as well."""
    bare = len(day.choices) == 1 and all(part is None for part in next(iter(day.choices))[1:])
    return frozenset({Reading(Decimal(next(iter(day.choices))[0] or 0), Decimal(1))}) if bare else frozenset()


@cache
def _pattern() -> re.Pattern[str]:
    money = number_words.currencies()[0].pattern
    scale = "|".join(number_words.SCALES)
    unit = "|".join(number_words.UNITS)
    return re.compile(
        rf"(?P<minus>(?<![\w%.)])[-−–+](?=\S))?(?:(?P<before>{money})\s?)?(?P<open>\()?(?P<inner>(?<=\()[-−])?"
        rf"(?<![{_LETTERS}\d_.,'’])(?<![{_LETTERS}\d_]-)(?:(?P<cjk>{_CJK})|(?P<numeral>{NUMERAL}))(?(open)(?P<close>\)))"
        rf"(?:[\s-]?(?P<scale>{scale})(?![\w³²]))?"
        rf"(?:[\s-]?(?:d'|d’|de |di |of |von )?(?:(?P<after>{money})|(?P<unit>{unit})(?![\w³²/])))?",
        re.IGNORECASE,
    )


def _quantity(match: re.Match[str], text: str) -> Quantity:
    named = match["before"] or match["after"]
    unit, factor, power = "", Decimal(1), 0
    if match["scale"]:
        power = number_words.scale_of(match["scale"])
    if named:
        unit = number_words.currency_of(named)
    elif match["unit"]:
        unit, factor = number_words.unit_of(match["unit"])
    elif match["numeral"] and ":" in match["numeral"]:
        unit = "clock"
    if match["before"] and match["unit"] == "T":
        power = 12
    hedge = _HEDGE.search(text[max(0, match.start() - 30) : match.start()])
    said = hedge.lastgroup or "" if hedge else ""
    values = readings(match["cjk"] or match["numeral"], hedged=bool(said), whole=unit != "%")
    scaled = frozenset(one.times(factor.scaleb(power)) for one in values)
    parentheses = bool(match["open"] and match["close"] and match["before"])
    return Quantity(
        match[0].strip(),
        match.start(),
        match.end(),
        scaled,
        unit,
        money=bool(named),
        hedge=said,
        sign=1 if match["minus"] == "+" else -1 if match["minus"] or match["inner"] or parentheses else 0,
    )


def _ranged(found: list[Quantity], text: str) -> Iterator[Quantity]:
    """The same figures, the first of a range with the scale and unit of the second as well."""
    for one, following in pairwise([*found, None]):
        if one is None:
            continue
        if following and not one.day and _BETWEEN.fullmatch(text[one.end : following.start]):
            yield _as_first(one, following)
        else:
            yield one


def _as_first(one: Quantity, following: Quantity) -> Quantity:
    if one.unit and following.unit not in {"", one.unit}:
        return one
    plain = {reading.value for reading in readings_of(following)}
    shares = {reading.value / own for reading in following.readings for own in plain if own and reading.value / own > 1}
    more = frozenset(reading.times(share) for reading in one.readings for share in shares)
    unit = one.unit or following.unit
    return replace(one, readings=one.readings | more, unit=unit, money=one.money or following.money)


def readings_of(one: Quantity) -> frozenset[Reading]:
    """What its numeral alone can mean, without its scale and unit."""
    numeral = re.search(NUMERAL, one.text)
    return readings(numeral[0], hedged=False, whole=True) if numeral else frozenset()
