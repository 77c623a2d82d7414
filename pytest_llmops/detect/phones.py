"""Phone numbers in a text: international ones by their plan, national ones where a word says that it is a phone's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REGIONS = (
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "NL",
    "AU",
    "IN",
    "BR",
    "JP",
    "KR",
    "CN",
    "SE",
    "PL",
    "CH",
    "AT",
    "PT",
    "MX",
)
"""Countries whose numbers are looked for in their national form."""

_INVENTED = re.compile(
    r"(?<![\w+])(?:\+44 ?|0)(?:7700 ?900 ?[0-9]{3}|1632 ?960 ?[0-9]{3})(?![0-9])|"
    r"(?<![\w+])\+353 ?20 ?910 ?[0-9]{4}(?![0-9])"
)
"""Numbers for drama, which Ofcom and ComReg have set aside and their plans do not list."""
_NORTH_AMERICAN = re.compile(r"(?<![\w.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[2-9][0-9]{2}-[0-9]{4}(?![\w-])")
_NATIONAL = re.compile(
    r"(?<![\w.+/-])(?:\(0?[0-9]{1,5}\)|[0-9]{2,5})(?:[ ./-]{1,2}[0-9]{2,8}){1,5}(?![\w-])|"
    r"(?<![\w.+/-])[0-9]{9,11}(?![\w.-])"
)
_WORDS = re.compile(
    r"phone|\btel\b|\btel[.:]|tele[fp]|t[ée]l[ée]p|tel[ée]f|puhelin|mobil|m[óo]vil|\bcell|handy|"
    r"portable|\bfax|call (?:me|us|him|her|back)|"
    r"callback|\bring me|reach (?:me|him|her)|whatsapp|\bsms\b|msisdn|rufnummer|r[üu]ckruf|\btlf|\btfn\b|joignable|"
    r"電話|携帯|手机|電话|电话|휴대폰|전화|телефон|\bтел\b",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:order|invoice|ticket|tracking|serial|item|part|bestellung|commande|pedido)"
    r"(?: (?:no|nr|number|id)\b)?[ .:#\"'=-]{1,4}$",
    re.IGNORECASE,
)
"""What says, right before a number, that it counts something else than telephones."""
_BEFORE, _AFTER = 32, 24


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Where a text holds phone numbers: start and end."""
    import phonenumbers

    for match in phonenumbers.PhoneNumberMatcher(text, None):
        yield match.start, match.end
    for found in _INVENTED.finditer(text):
        yield found.span()
    for found in _NORTH_AMERICAN.finditer(text):
        if _assigned(found.group(), ("US",)):
            yield found.span()
    for found in _NATIONAL.finditer(text):
        start, end = found.span()
        before = text[max(0, start - _BEFORE) : start]
        nearby = before + " \0 " + text[end : end + _AFTER]
        if _WORDS.search(nearby) and not _OTHER_NUMBER.search(before) and _assigned(found.group(), REGIONS):
            yield start, end


def _assigned(number: str, regions: tuple[str, ...]) -> bool:
    import phonenumbers

    for region in regions:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
