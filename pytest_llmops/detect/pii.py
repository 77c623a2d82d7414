"""Personal data in a text: bank and card numbers, national ids, e-mail and IP addresses, phone numbers.

What a standard gives check digits is checked by them (python-stdnum: ISO 13616, ISO/IEC 7812, each state's own rule),
phone numbers by their country's plan (phonenumbers). Not found: names, postal addresses, dates of birth: no rule tells
them surely. Not personal are a role's mailbox (``support@``), a private or loopback address, a masked value.
"""

from __future__ import annotations

import re
from functools import partial
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import chain
from typing import TYPE_CHECKING

from pytest_llmops.detect.finding import Finding
from pytest_llmops.detect.masking import masked
from pytest_llmops.detect.matching import matching
from pytest_llmops.detect.national_ids import AFT, FORE, IDS, NationalId
from pytest_llmops.detect.overlaps import apart
from pytest_llmops.detect.packages import needed
from pytest_llmops.detect.phones import phones

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLES = frozenset({
    "abuse", "admin", "alerts", "billing", "careers", "contact", "do-not-reply", "donotreply", "dpo", "feedback", "git",
    "hello", "help", "helpdesk", "hostmaster", "info", "it", "jobs", "mail", "marketing", "name", "no-reply", "noreply",
    "notifications", "office", "ops", "postmaster", "press", "privacy", "root", "sales", "security", "service", "sre",
    "support", "team", "user", "webmaster", "you", "your-email",
})  # fmt: skip
"""Mailboxes of a role (RFC 2142 and usage), which name no person."""

_EMAIL = re.compile(
    r"(?<![\w.+*-])([\w.+-]{1,64}?)(?:@|%40|&#64;|&#x40;|&commat;|\\u0040)"
    r"((?:[a-z0-9-]{1,63}\.)+([a-z]{2,24}))(?![\w-])",
    re.IGNORECASE,
)
_NO_DOMAINS = frozenset({
    "css", "gif", "html", "internal", "java", "jpeg", "jpg", "js", "json", "local", "png", "py", "svg", "ts", "webp",
})  # fmt: skip
_USER_OF_URL = re.compile(r"://[^\s/@]*:?$")

_CARD = re.compile(
    FORE + r"[2-6][0-9]{3}(?:([ .-]?)[0-9]{4}(?:\1[0-9]{4}){1,2}(?:\1[0-9]{1,4})?|([ -])[0-9]{6}\2[0-9]{4,5})" + AFT
)
_BARE_CARD = re.compile(FORE + r"[2-6][0-9]{12,18}" + AFT)
_ISSUERS = (
    (r"4", (16, 19)),
    (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    (r"3[47]", (15,)),
    (r"6011|65|64[4-9]", (16, 19)),
    (r"30[0-5]|3[689]", (14,)),
    (r"35(?:2[89]|[3-8])", (16,)),
    (r"62", (16, 17, 18, 19)),
)
"""How numbers of each issuer begin, and how many digits they have."""
_OTHER_NUMBER = re.compile(
    r"(?:order|track|request|trace|span|invoice|shipment|sendung|bestell|pedido|commande|gtin|ean|"
    r"isbn|imei|time|_ns|_us|epoch|"
    r"bytes|tokens|seed)[\w .:#\"'=-]{0,16}$",
    re.IGNORECASE,
)
_OLD_VISA = re.compile(r"(?:card|karte|carte|tarjeta|visa|pan)\W[\w \"':=]{0,16}$", re.IGNORECASE)

_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,34}")

_IP4 = re.compile(r"(?<![\w.-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w-])(?!\.[0-9])")
_IP6 = re.compile(r"(?<![\w:.])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE)
_RESOLVERS = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"})
_DOCUMENTED = tuple(IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
_UNICAST = IPv6Network("2000::/3")
_VERSION_BEFORE = re.compile(
    r"(?:version|release|driver|build|chapter|section|article|kapitel|abschnitt|firmware|chrom\w*|"
    r"\bv)\W{0,12}[\w\"]{0,3}\W{0,3}$"
    r"|[A-Za-z]/$|==$",
    re.IGNORECASE,
)
_VERSION_AFTER = re.compile(r"\W{1,3}(?:is the \w+ )?(?:version|release|of the runbook)", re.IGNORECASE)
_ADDRESS_BEFORE = re.compile(
    r"(?:\bip\b|_ip|client|from|addr\w*|host|peer|remote|forwarded\S*|user at|source|src|://)\W{0,6}\w{0,4}\W{0,3}$",
    re.IGNORECASE,
)


def find(text: str) -> list[Finding]:
    """What a text holds of persons, in its order.

    Raises:
        ConfigError: python-stdnum or phonenumbers is not installed.
    """
    needed("stdnum", "phonenumbers")
    several = (
        matching("email", (_EMAIL,), text, _is_somebodys),
        _ibans(text),
        *(matching(one.kind, (one.pattern(),), text, partial(_is_id, one)) for one in IDS),
        matching("payment-card", (_CARD, _BARE_CARD), text, _is_card),
        matching("ip-address", (_IP4,), text, _is_address_4),
        matching("ip-address", (_IP6,), text, _is_address_6),
        (_finding("phone", text, start, end) for start, end in phones(text)),
    )
    return apart(chain.from_iterable(several))


def _finding(kind: str, text: str, start: int, end: int) -> Finding:
    return Finding(kind, start, end, f"{kind} {masked(text[start:end])}")


def _before(match: re.Match[str], characters: int = 24) -> str:
    return match.string[max(0, match.start() - characters) : match.start()]


def _is_somebodys(match: re.Match[str]) -> bool:
    local, ending = match[1].lower(), match[3].lower()
    return local not in ROLES and ending not in _NO_DOMAINS and not _USER_OF_URL.search(_before(match, 80))


def _ibans(text: str) -> Iterator[Finding]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        written = match.group()
        for end in range(len(written), 14, -1):
            whole = not written[end : end + 1].isalnum() and written[end - 1].isalnum()
            if whole and iban.is_valid(written[:end].upper(), check_country=False):
                yield _finding("iban", text, match.start(), match.start() + end)
                break


def _is_id(one: NationalId, match: re.Match[str]) -> bool:
    return one.named(match.string, *match.span()) and one.holds(match.group())


def _is_card(match: re.Match[str]) -> bool:
    from stdnum import luhn

    digits, before = re.sub(r"\D", "", match.group()), _before(match)
    return luhn.is_valid(digits) and _issued(digits, before) and not _OTHER_NUMBER.search(before)


def _issued(digits: str, before: str) -> bool:
    if len(digits) == 13:  # Visa's of old; as many digits as a moment in milliseconds or a bar code has
        return digits.startswith("4") and _OLD_VISA.search(before) is not None
    return any(re.match(begin, digits) and len(digits) in lengths for begin, lengths in _ISSUERS)


def _is_address_4(match: re.Match[str]) -> bool:
    try:
        address = IPv4Address(match.group())
    except AddressValueError:
        return False
    before = _before(match)
    version = _VERSION_BEFORE.search(before) or _VERSION_AFTER.match(match.string, match.end())
    low = int(match.group().split(".")[0]) < 10 and not _ADDRESS_BEFORE.search(before)
    somebody = address.is_global or any(address in net for net in _DOCUMENTED)
    return somebody and not version and not low and match.group() not in _RESOLVERS


def _is_address_6(match: re.Match[str]) -> bool:
    try:
        return IPv6Address(match.group()) in _UNICAST
    except AddressValueError:
        return False
