"""Sizes as people write them: ``"500 MB"``, ``"2 GB"``, and of a whole ``"10 %"``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


def size(value: object) -> int:
    """Bytes from a number or a text such as ``"2 GB"``, which is 2,000,000,000.

    Raises:
        ValueError: it is neither; says what is.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = _PATTERN.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found[2] or "B") not in _BYTES or not (count := float(found[1])):
        raise ValueError(f"{value!r} is not a size; write bytes, or for example '500 MB', '2 GB'")
    return round(count * _BYTES[found[2] or "B"])


Bytes = Annotated[
    int,
    BeforeValidator(size),
    WithJsonSchema({"type": ["integer", "string"], "examples": [1_000_000_000, "500 MB", "2 GB"]}),
]


def part_of(text: str, whole: int) -> int:
    """Bytes of a whole: a share of it such as ``"10 %"``, or a size.

    Raises:
        ValueError: it is neither; says what is.
    """
    share = _SHARE.fullmatch(text)
    if share and 0 < float(share[1]) < 100:
        return round(whole * float(share[1]) / 100)
    try:
        return size(text)
    except ValueError:
        raise ValueError(f"{text!r} is no part of a disk; write for example '10 %' or '2 GB'") from None


def _is_part(text: str) -> str:
    part_of(text, 1)
    return text


Part = Annotated[str, AfterValidator(_is_part)]
"""``10 %`` of a whole, or a size."""


def worded(count: float) -> str:
    """Bytes as a person reads them: ``640 kB``, ``38.4 MB``, ``2 GB``."""
    unit = next((unit for unit in reversed(_BYTES) if count >= _BYTES[unit]), "B")
    of_unit = count / _BYTES[unit]
    return f"{of_unit:.0f} {unit}" if of_unit >= 99.95 else f"{of_unit:.3g} {unit}"
