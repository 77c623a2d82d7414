"""Values as TOML writes them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if _BARE.fullmatch(name) else string(name)


def path(names: tuple[str, ...]) -> str:
    """A table's name."""
    return ".".join(key(name) for name in names)


def string(text: str) -> str:
    """A text in quotes. What cannot be seen is escaped; half a surrogate pair, which TOML cannot hold, is replaced."""
    return '"' + "".join(_letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter in _SHORT:
        return _SHORT[letter]
    if letter.isprintable():
        return letter
    number = ord(letter)
    if 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def value(found: Any) -> str:
    """A value on one line: what JSON can hold, or a date. TOML has no null: in arrays and tables it is left out.

    Raises:
        TypeError: it is nothing of the kind.
    """
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float):
        return repr(found)
    if isinstance(found, dt.date):
        return found.isoformat()
    if isinstance(found, str):
        return string(found)
    if isinstance(found, Mapping):
        items = {key(name): value(item) for name, item in found.items() if item is not None}
        return f"{{ {', '.join(f'{name} = {item}' for name, item in items.items())} }}" if items else "{}"
    if isinstance(found, list | tuple):
        return "[" + ", ".join(value(item) for item in found if item is not None) + "]"
    raise TypeError(f"{type(found).__name__} is no value of TOML")
