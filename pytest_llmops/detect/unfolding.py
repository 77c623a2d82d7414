"""A text as a person would read it, whose places are known in the text that it came from: no escapes, no markup."""

from __future__ import annotations

import re
from html import unescape

_BLOCK = (
    "address|article|blockquote|body|br|dd|div|dl|dt|h[1-6]|head|hr|html|li|ol|p|pre|section|"
    "table|tbody|td|th|title|tr|ul"
)
_INLINE = "a|b|cite|code|em|font|i|small|span|strong|tt|u"
_FOLDED = re.compile(
    rf"(?P<block></?(?:{_BLOCK})(?:\s[^<>]{{0,400}})?/?>)|(?P<inline></?(?:{_INLINE})(?:\s[^<>]{{0,400}})?>)"
    r"|(?P<entity>&(?:#\d{1,6}|#x[0-9a-f]{1,5}|[a-z]{2,8});)|(?P<escape>\\[nrt\"'/\\])",
    re.IGNORECASE,
)
_ESCAPES = {"n": "\n", "r": "\n", "t": "\t"}


class Unfolded:
    """A text without markup and escapes.

    Attributes:
        text: what it reads.
    """

    def __init__(self, folded: str) -> None:
        parts: list[str] = []
        self._places: list[int] = []
        at = 0
        for match in _FOLDED.finditer(folded):
            self._add(parts, folded[at : match.start()], at)
            read = _read(match)
            parts.append(read)
            self._places += [match.start()] * len(read)
            at = match.end()
        self._add(parts, folded[at:], at)
        self._places.append(len(folded))
        self.text = "".join(parts)

    def _add(self, parts: list[str], plain: str, at: int) -> None:
        parts.append(plain)
        self._places += range(at, at + len(plain))

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where in the folded text a piece of this one lies: start and end."""
        return self._places[start], self._places[end]


def _read(match: re.Match[str]) -> str:
    if match["block"]:
        return "\n"
    if match["inline"]:
        return ""
    if match["entity"]:
        return unescape(match["entity"]).replace("\N{NO-BREAK SPACE}", " ")
    escaped = match["escape"][1]
    return _ESCAPES.get(escaped, escaped)
