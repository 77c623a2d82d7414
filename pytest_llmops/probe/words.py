"""Names of paths and properties taken apart: ``userQuestion``, ``user_question`` and ``user-question`` are the same."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def words(name: str) -> list[str]:
    """The words of a name, in lower case."""
    return [part.lower() for part in _PART.findall(name)]


def rank(name: str, wanted: Sequence[str], unwanted: Iterable[str] = ()) -> int | None:
    """How far up in ``wanted`` the best word of a name stands, 0 for the first; None where it holds none.

    A name that is such a word alone goes before one that merely holds it: ranks are even and odd.
    """
    parts = words(name)
    if set(parts) & set(unwanted):
        return None
    places = [wanted.index(part) for part in parts if part in wanted]
    return 2 * min(places) + (len(parts) > 1) if places else None


def jmes(name: str) -> str:
    """A name as a JMESPath identifier, quoted where it must be."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def below(path: str, name: str) -> str:
    """The JMESPath of a key below another path."""
    return f"{path}.{jmes(name)}" if path else jmes(name)


def one_line(said: str) -> str:
    """A text of a stranger as it may stand in a comment or on a terminal: one line, and nothing that is not seen."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(said.split()))
