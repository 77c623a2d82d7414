"""One pattern that finds texts however their characters are written: URL-encoded, escaped, in base64."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LETTERS = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f", "\v": "v", "\a": "a"}
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_PADDING = r"(?:=|%(?:25)*3[dD])*"


def spellings(values: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds each of the values in every way of writing it, longer ones first."""
    found = dict.fromkeys(way for value in sorted(values, key=len, reverse=True) for way in _ways(value))
    return re.compile("|".join(sorted(found, key=len, reverse=True)))


def _ways(value: str) -> list[str]:
    data = value.encode(errors="surrogatepass")  # a variable of the environment may be no UTF-8
    coded = {encode(data).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    return [_spelled(value), *(_spelled(text) + _PADDING for text in sorted(coded))]


def _spelled(text: str) -> str:
    """A pattern for a text; a run of backslashes is one thing, as every escaping multiplies it."""
    pattern, before = [], ""
    for char in text:
        if char != "\\":
            pattern.append(_char(char, escaped=r"\\*+" if before == "\\" else r"\\++"))
        elif before != "\\":
            pattern.append(rf"(?:\\++|%(?:25)*5[cC]|{_entity(char)})+")
        before = char
    return "".join(pattern)


def _char(char: str, escaped: str) -> str:
    """A pattern for one character: what it may stand as, the longer ways first.

    Args:
        char: any but a backslash.
        escaped: the backslashes before its letter or number where it is escaped.
    """
    if char.isascii() and char.isalnum():
        return char  # nothing encodes these
    code, data = ord(char), char.encode(errors="surrogatepass")
    pairs = char.encode("utf-16-be", errors="surrogatepass").hex(" ", 2).split()
    ways = [
        "".join(rf"%(?:25)*{_hex(f'{byte:02x}')}" for byte in data),
        "".join(rf"{escaped}x{_hex(f'{byte:02x}')}" for byte in data),
        "".join(rf"{escaped}u{_hex(pair)}" for pair in pairs),
        rf"{escaped}U{_hex(f'{code:08x}')}",
        _entity(char),
    ]
    if code < 256:
        ways.append(rf"{escaped}x{_hex(f'{code:02x}')}")
    if char in _LETTERS:
        ways.append(escaped + _LETTERS[char])
    if char == " ":
        ways.append(r"\+")
    return rf"(?:{'|'.join(ways)}|\\*+{re.escape(char)})"


def _entity(char: str) -> str:
    """How HTML and XML write it, also when that was escaped again."""
    number = rf"#(?:0*{ord(char)}|[xX]0*{_hex(f'{ord(char):x}')});"
    if char == "&":
        return rf"&(?:amp;)*(?:amp;|{number})"
    return rf"&(?:amp;)*(?:{number}|{_ENTITIES[char]};)" if char in _ENTITIES else rf"&(?:amp;)*{number}"


def _hex(digits: str) -> str:
    """Digits in either case."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
