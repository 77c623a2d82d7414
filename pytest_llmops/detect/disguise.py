"""Texts behind their disguises: encodings undone, and patterns that find a phrase spelt in another way."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

_TAG = re.compile(r"</?[a-zA-Z]\w*>")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{8,}={0,2}(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"(?<![0-9a-zA-Z])(?:0x)?(?:[0-9a-fA-F]{2}[ :]?){6,}(?![0-9a-zA-Z])")
_BINARY = re.compile(r"(?<!\d)(?:[01]{8}[ ,]*){4,}(?!\d)")
_CODES = re.compile(r"(?<![\w.,])(?:\d{2,3}[ ,]+){4,}\d{2,3}(?![\w])")

_LIKE = {
    "a": "a4@аα", "b": "bвβ", "c": "cсϲ", "d": "dԁ", "e": "e3еε", "g": "g9",
    "h": "hнһ", "i": "i1!|іι", "j": "jј", "k": "kкκ", "l": "l1|ⅼ",
    "m": "mм", "n": "nпη", "o": "o0оο", "p": "pрρ",
    "s": "s5$ѕ", "t": "t7+тτ", "u": "uυ", "v": "vν", "x": "xхχ", "y": "yуγ", "z": "z2ζ",
}  # fmt: skip
"""A Latin letter to what is written for it: digits and signs (leetspeak), and its likes in Cyrillic and Greek."""

_GAP = r"[\W_]{0,5}"
"""What may stand between two letters of a phrase: spaces, hyphens, dots, marks of Markdown."""


def plain(text: str) -> str:
    """Without what is not seen: full-width and zero-width characters, entities, escapes, tags without attributes."""
    seen = html.unescape(unquote(text))
    seen = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), seen)
    seen = unicodedata.normalize("NFKC", _TAG.sub("", seen))
    return "".join(one for one in seen if unicodedata.category(one) != "Cf")


def decoded(text: str) -> str:
    """With each run in base64, hex, bits or character codes replaced by what it says, where that is a text."""
    text = _BINARY.sub(lambda found: _told(found[0], _of_bits), text)
    text = _CODES.sub(lambda found: _told(found[0], _of_codes), text)
    text = _HEX.sub(lambda found: _told(found[0], _of_hex), text)
    return _BASE64.sub(lambda found: _told(found[0], _of_base64), text)


def readings(text: str) -> list[str]:
    """The text as it is seen, and with its encodings undone: each but once."""
    seen = plain(text)
    return list(dict.fromkeys((seen, decoded(seen))))


def turned(text: str) -> tuple[str, str]:
    """In rot13, and back to front."""
    return codecs.encode(text, "rot13"), text[::-1]


def spelt(phrase: str) -> re.Pattern[str]:
    """Finds a phrase however it is spaced, dashed, marked up or written in look-alikes; never within a longer word.

    Raises:
        ValueError: it has neither letter nor digit.
    """
    letters = [one for one in plain(phrase).casefold() if one.isalnum()]
    if not letters:
        raise ValueError(f"{phrase!r} has no letter and no digit that could be looked for")
    likes = (f"[{re.escape(_LIKE.get(one, one))}]" for one in letters)
    return re.compile(rf"(?<![A-Za-z0-9]){_GAP.join(likes)}(?![A-Za-z0-9])", re.IGNORECASE)


def _told(run: str, read: Callable[[str], str]) -> str:
    try:
        said = read(run)
    except (ValueError, binascii.Error, OverflowError):
        return run
    return said if said.isprintable() or said.replace("\n", "").isprintable() else run


def _of_base64(run: str) -> str:
    whole = run.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(whole + "=" * (-len(whole) % 4), validate=True).decode()


def _of_hex(run: str) -> str:
    return bytes.fromhex(run.removeprefix("0x").replace(":", " ")).decode()


def _of_bits(run: str) -> str:
    return bytes(int(one, 2) for one in re.findall(r"[01]{8}", run)).decode()


def _of_codes(run: str) -> str:
    return bytes(int(one) for one in re.findall(r"\d+", run)).decode()
