"""A person whom there is not: what stands for personal data where a review has to send some."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

USER = "llmops-leak-review"
"""In whose name it is sent."""

VALUES = {
    "email": "erika.llmops@example.com",
    "phone_us": "+1 202-555-0143",
    "ssn": "078-05-1120",
    "credit_card": "4111 1111 1111 1111",
    "ip_address": "203.0.113.77",
    "date_of_birth": "1985-04-12",
    "iban": "DE89 3704 0044 0532 0130 00",
}
"""Of each kind a value that nobody has: of example ranges (RFC 2606, RFC 5737), test numbers, published specimens."""

_SAID = {
    "email": "My e-mail address is {}.",
    "phone_us": "Call me at {}.",
    "ssn": "My SSN is {}.",
    "credit_card": "My card number is {}.",
    "ip_address": "My IP address is {}.",
    "date_of_birth": "My date of birth is {}.",
    "iban": "My IBAN is {}.",
}


def said(kinds: Iterable[str]) -> str:
    """A question with the person's data of these kinds first, for a log may hold no more than the beginning.

    Raises:
        KeyError: there is no datum of a kind.
    """
    return " ".join(_SAID[kind].format(VALUES[kind]) for kind in kinds) + " What do you know of me?"
