"""What a numeral can mean, whichever sign it has for thousands and for decimals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pytest_llmops.detect.number_words import CJK


@dataclass(frozen=True, slots=True)
class Reading:
    """A value, and the step in which it is told: 3.4 million are 3,400,000 in steps of 100,000."""

    value: Decimal
    step: Decimal

    def times(self, factor: Decimal) -> Reading:
        """It, in units that are smaller by a factor."""
        return Reading(self.value * factor, self.step * factor)


def readings(numeral: str, *, hedged: bool, whole: bool) -> frozenset[Reading]:
    """All that a numeral can mean.

    Args:
        numeral: digits with signs between them, or with 万, 億, 兆 after them.
        hedged: whether it is told as an approximate one: then the zeros at its end are no digits that it vouches for.
        whole: whether ``1.234`` may be a thousand; a percentage's is not.
    """
    if any(sign in numeral for sign in CJK):
        return frozenset({_cjk(numeral)})
    if ":" in numeral:
        hours, minutes = numeral.split(":")
        return frozenset({Reading(Decimal(60 * int(hours) + int(minutes)), Decimal(1))})
    tidy = re.sub(r"[\s'’\u00a0\u202f\u2009]", "", numeral)
    signs = [sign for sign in tidy if sign in ",."]
    if not signs:
        return frozenset({_reading(tidy, hedged=hedged)})
    last = max(tidy.rfind(","), tidy.rfind("."))
    fraction = tidy[last + 1 :]
    bare = re.sub(r"[.,]", "", tidy)
    decimal = f"{re.sub(r'[.,]', '', tidy[:last])}.{fraction}"
    if len(set(signs)) == 2:
        return frozenset({_reading(decimal, hedged=hedged)})
    if len(signs) > 1:
        return frozenset({_reading(bare, hedged=hedged)})
    if len(fraction) != 3 or tidy.startswith(("0.", "0,")) or last > 3 or tidy != re.sub(r"\s", "", numeral):
        return frozenset({_reading(decimal, hedged=hedged)})
    both = {_reading(decimal, hedged=hedged)} | ({_reading(bare, hedged=hedged)} if whole else set())
    return frozenset(both)


def _reading(digits: str, *, hedged: bool) -> Reading:
    value = Decimal(digits)
    _, _, fraction = digits.partition(".")
    if fraction:
        return Reading(value, Decimal(1).scaleb(-len(fraction)))
    zeros = len(digits) - len(digits.rstrip("0")) if hedged and value else 0
    return Reading(value, Decimal(1).scaleb(zeros))


def _cjk(numeral: str) -> Reading:
    total, step = Decimal(0), Decimal(1)
    for digits, signs in re.findall(r"([\d.,]+)\s?([千万萬億亿兆만억조]*)", numeral):
        power = sum(CJK[sign] for sign in signs)
        one = _reading(re.sub(r",(?=\d{3}(?!\d))", "", digits).replace(",", "."), hedged=False)
        total, step = total + one.value.scaleb(power), one.step.scaleb(power)
    return Reading(total, step)
