"""The numbers that a text gives, with a unit beside them, and whether the one that is meant is as expected."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.golden.expectations import Number

_GROUPS = "\u00a0\u202f\u2009'\u2019_"  # between thousands, whatever stands before the decimals
_BLANKS = " \u00a0\u202f\u2009"
_MINUS = "\u2212"
_TOKEN = re.compile(rf"(?<![\w.,])[-+{_MINUS}]?\d(?:[\d.,{_GROUPS}]*\d)?(?:[eE][-+]?\d+)?")
_PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_CURRENCY = re.compile(r"[A-Z]{3}|[^\w\s]+")  # stands before its number as well
_SHOWN = 4
_LARGEST = 400  # digits before, or zeros behind, the decimal sign


def unlike(expected: Number, text: str) -> str:
    """Why the number of a text is not the expected one; empty where it is.

    Without ``among`` the text may give one number in the unit, however often. Signs that part digits (``2020-2025``)
    are no minus; digits within a word (``Q3``) are no number.
    """
    found = list(dict.fromkeys(numbers(text, expected.decimal, expected.unit)))
    beside = f" {expected.unit[0]}" if expected.unit else ""
    if not found:
        return f"the answer gives no number{' in' + beside if beside else ''}"
    right = [one for one in found if _within(expected, one)]
    shown = ", ".join(f"{one:f}{beside}" for one in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    if not right:
        return f"{_said(expected)}{beside} is expected, the answer gives {shown}"
    if len(found) > 1 and not expected.among:
        return f"{_said(expected)}{beside} is expected, the answer gives several: {shown}"
    return ""


def numbers(text: str, decimal: str = ".", units: Sequence[str] = ()) -> Iterator[Decimal]:
    """The numbers of a text, in its order; with units only those beside one of them.

    Args:
        text: whatever.
        decimal: the sign before decimals; the other one of ``.`` and ``,`` parts thousands.
        units: ways of writing the unit, as they are: ``m`` is not the beginning of ``million``. Only a sign (``$``) or
            a currency's three letters (``EUR``) may stand before the number.
    """
    for match in _TOKEN.finditer(text):
        value = _value(match[0], decimal)
        if value is not None and (not units or any(_beside(match, unit) for unit in units)):
            yield value


def _value(token: str, decimal: str) -> Decimal | None:
    """None where the signs within are neither decimals nor between thousands, as in dates, versions and digests."""
    group = "," if decimal == "." else "."
    apart = re.escape(group) + _GROUPS
    whole, _, rest = token.partition(decimal)
    digits = re.sub(rf"(?<=\d)[{apart}](?=\d{{3}}(?:\D|$))", "", whole)
    plain = f"{digits}{'.' if rest else ''}{rest}".replace(_MINUS, "-")
    if not _PLAIN.fullmatch(plain):
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return value if abs(value.adjusted()) <= _LARGEST else None


def _beside(match: re.Match[str], unit: str) -> bool:
    text = match.string
    behind = text[match.end() :].lstrip(_BLANKS)
    before = text[: match.start()].rstrip(_BLANKS)
    if behind.startswith(unit) and not (unit[-1].isalnum() and behind[len(unit) : len(unit) + 1].isalnum()):
        return True
    if not _CURRENCY.fullmatch(unit) or not before.endswith(unit):
        return False
    return not (unit[0].isalnum() and before[-len(unit) - 1 : -len(unit)].isalnum())


def _within(expected: Number, value: Decimal) -> bool:
    """Reckoned in decimals, so that 0.3 is within 0.1 of 0.2."""
    wanted = Decimal(str(expected.value))
    room = max(Decimal(str(expected.tolerance)), abs(wanted) * Decimal(str(expected.relative)))
    return abs(value - wanted) <= room


def _said(expected: Number) -> str:
    wanted = f"{Decimal(str(expected.value)):f}".removesuffix(".0")
    rooms = [f"± {expected.tolerance:g}"] if expected.tolerance else []
    rooms += [f"± {100 * expected.relative:g} %"] if expected.relative else []
    return " ".join([wanted, " or ".join(rooms)]).strip()
