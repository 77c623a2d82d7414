"""Values that were planted, in a text: as they were written, or encoded, in other case, with other spacing."""

from __future__ import annotations

import base64
import binascii
import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from pytest_llmops.detect.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 6
"""Characters that a planted value has at least, spacing apart: a shorter one is found where nobody planted it."""

_SPACING = re.compile(r"[\s\-_.·,;:/|\u200b-\u200f\u2060\ufeff]+")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}|(?:%[0-9A-Fa-f]{2}|[\w.+~-]){6,}")
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_ENTITIES = re.compile(r"(?:&(?:#\d{1,6}|#x[0-9a-fA-F]{1,5}|[a-z]{2,8});|[^\s&]){6,}")


def find(text: str, planted: Iterable[str]) -> list[Finding]:
    """Where a text holds planted values, in its order; ``kind`` is how: ``canary``, ``canary-base64``, ….

    Raises:
        ValueError: a value is too short to be told from what the text holds by chance.
    """
    values = []
    for one in planted:
        squeezed, _ = _squeezed(one)
        if len(squeezed) < SHORTEST:
            raise ValueError(f"a planted value of {len(squeezed)} characters is too short: plant at least {SHORTEST}")
        values.append((one, squeezed))
    found: dict[tuple[int, int, str], Finding] = {}
    for value, squeezed in values:
        for kind, start, end in (*_written(text, squeezed), *_encoded(text, squeezed)):
            if not any(kept.start <= start and end <= kept.end for kept in found.values()):
                found[start, end, value] = Finding(kind, start, end, f"{kind} ({len(value)} characters)")
    return sorted(found.values(), key=lambda one: one.start)


def _squeezed(text: str) -> tuple[str, list[int]]:
    """A text without spacing and case, and where each character of it stood."""
    kept: list[str] = []
    places: list[int] = []
    spaced = {at for match in _SPACING.finditer(text) for at in range(*match.span())}
    for at, character in enumerate(text):
        if at not in spaced:
            folded = character.casefold()
            kept.append(folded)
            places += [at] * len(folded)
    return "".join(kept), places


def _written(text: str, value: str) -> Iterator[tuple[str, int, int]]:
    squeezed, places = _squeezed(text)
    at = squeezed.find(value)
    while at >= 0:
        yield "canary", places[at], places[at + len(value) - 1] + 1
        at = squeezed.find(value, at + len(value))


def _encoded(text: str, value: str) -> Iterator[tuple[str, int, int]]:
    for match in _ENCODED.finditer(text):
        for kind, read in _decoded(match.group()):
            if value in _squeezed(read)[0]:
                yield kind, *match.span()
    for pattern, kind in ((_UNICODE, "canary-escaped"), (_ENTITIES, "canary-html")):
        if pattern is _UNICODE and pattern.search(text):
            read = pattern.sub(lambda one: chr(int(one[1] or one[2], 16)), text)
            if value in _squeezed(read)[0] and value not in _squeezed(text)[0]:
                yield kind, 0, len(text)
        elif pattern is _ENTITIES:
            for match in pattern.finditer(text):
                if "&" in match.group() and value in _squeezed(unescape(match.group()))[0]:
                    yield kind, *match.span()


def _decoded(token: str) -> Iterator[tuple[str, str]]:
    if "%" in token:
        yield "canary-url", unquote_plus(token)
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", token):
        yield "canary-hex", bytes.fromhex(token).decode("utf-8", "ignore")
    bare = token.rstrip("=").replace("-", "+").replace("_", "/")
    for skipped in range(4):  # the value may begin anywhere in what was encoded
        piece = bare[skipped:]
        piece = piece[: len(piece) - (len(piece) % 4 == 1)]
        try:
            yield "canary-base64", base64.b64decode(piece + "=" * (-len(piece) % 4)).decode("utf-8", "ignore")
        except (binascii.Error, ValueError):
            continue
