"""Dates of a text: days, months, quarters, halves and years, in the forms of each language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pytest_llmops.detect import number_words

if TYPE_CHECKING:
    from collections.abc import Iterator

Parts = tuple[int | None, int | None, int | None, int | None]
"""Year, month, day, and part of the year: 1 to 4 a quarter, 5 and 6 a half."""

_YEAR = r"(?:19|20)\d\d"
_FY = r"(?:fiscal(?: year)? |fy ?'?)?"


@dataclass(frozen=True, slots=True)
class Day:
    """A date, whole or in part, with all that it can be: 03/04/2024 is in March or April."""

    choices: frozenset[Parts]

    def within(self, other: Day) -> bool:
        """Whether all that it says is said by another date too; what the other leaves open agrees with anything."""
        return any(_agree(mine, theirs) for mine in self.choices for theirs in other.choices)

    @property
    def years(self) -> frozenset[int]:
        """The years that it can be in."""
        return frozenset(one[0] for one in self.choices if one[0])


def dates(text: str) -> Iterator[tuple[int, int, Day]]:
    """Start, end and date of each that a text names."""
    for match in _pattern().finditer(text):
        found = frozenset(one for one in _choices({k: v for k, v in match.groupdict().items() if v}) if _real(one))
        if found:
            yield match.start(), match.end(), Day(found)


def _agree(mine: Parts, theirs: Parts) -> bool:
    year, *rest = mine
    other_year, *other_rest = theirs
    if any(one is not None and one != other for one, other in zip(rest, other_rest, strict=True)):
        return False
    if year is None or other_year is None:
        return any(one is not None for one in rest)
    return year == other_year


def _real(parts: Parts) -> bool:
    _, month, day, _ = parts
    return (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)


@cache
def _pattern() -> re.Pattern[str]:
    month = rf"(?:{'|'.join(sorted(map(re.escape, number_words.months()), key=len, reverse=True))})"
    ordinal = "|".join(rf"(?P<q{number}>{pattern})" for number, pattern in number_words.QUARTERS.items())
    return re.compile(
        rf"(?<![A-Za-zÀ-ɏЀ-ӿ\d_.,/-])(?:"
        rf"(?P<iy>{_YEAR})[-/.](?P<im>\d{{1,2}})[-/.](?P<id>\d{{1,2}})(?!\d)"
        rf"|(?P<a>\d{{1,2}})(?P<sep>[/.-])(?P<b>\d{{1,2}})(?P=sep)(?P<ny>{_YEAR}|\d\d)(?![\d.,/-]\d|\d)"
        rf"|(?P<cy>{_YEAR})\s?年(?:\s?(?P<cm>\d{{1,2}})\s?月(?:\s?(?P<cd>\d{{1,2}})\s?日)?)?"
        rf"|(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er|\.)?(?: de| of)? (?P<m1>{month})\.?(?!\w)"
        rf"(?:,? (?:de |of )?(?P<y1>{_YEAR}))?(?!\d)"
        rf"|(?P<m2>{month})\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.:%])(?:,? (?P<y2>{_YEAR}))?(?!\d)"
        rf"|(?P<m3>{month})\.?,? (?:de |of )?(?P<y3>{_YEAR})(?!\d)"
        rf"|(?P<part>[QH][1-4]|[1-4]Q|T[1-4](?= 20))[ /-]?(?:{_FY}(?P<py>{_YEAR}))?(?!\w)"
        rf"|{_FY}(?P<y>{_YEAR})(?!\w|[.,]\d|['’]\d|[ \u00a0]\d{{3}}(?!\d))(?:\s(?P<later>[QH][1-4])(?!\w))?"
        rf")|(?<!\w)(?:{ordinal}) ?(?:(?P<quarter>{number_words.QUARTER})|(?P<half>{number_words.HALF}))(?!\w)"
        rf"(?:,? (?:of |de |del |des |des Jahres |von |in |van )?{_FY}(?P<oy>{_YEAR}))?",
        re.IGNORECASE,
    )


def _choices(found: dict[str, str]) -> Iterator[Parts]:
    def number(name: str) -> int | None:
        return int(found[name]) if name in found else None

    named = number_words.months()
    if "iy" in found:
        yield number("iy"), number("im"), number("id"), None
    elif "a" in found:
        year = (number("ny") or 0) + (2000 if len(found["ny"]) == 2 else 0)
        yield year, number("b"), number("a"), None
        yield year, number("a"), number("b"), None
    elif "cy" in found:
        yield number("cy"), number("cm"), number("cd"), None
    elif "quarter" in found or "half" in found:
        rank = next(rank for rank in number_words.QUARTERS if f"q{rank}" in found)
        yield number("oy"), None, None, rank if "quarter" in found else 4 + rank
    elif "part" in found:
        yield number("py"), None, None, _part(found["part"])
    elif "y" in found:
        yield number("y"), None, None, _part(found["later"]) if "later" in found else None
    else:
        which = next(rank for rank in "123" if f"m{rank}" in found)
        yield number(f"y{which}"), named[found[f"m{which}"].lower()], number(f"d{which}"), None


def _part(written: str) -> int:
    rank = int(re.sub(r"\D", "", written))
    return 4 + rank if "h" in written.lower() else rank
