"""Durations as people write them: ``"500 ms"``, ``"2m"``, ``10``."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": MINUTE_S, "min": MINUTE_S, "h": HOUR_S, "d": DAY_S}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")


def seconds(value: object) -> float:
    """Seconds from a number or a text such as ``"2m"``.

    Raises:
        ValueError: it is neither; says what is.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    found = _PATTERN.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found[2] or "s") not in _SECONDS:
        raise ValueError(f"{value!r} is not a duration; write seconds, or for example '500 ms', '10 s', '2m', '1h'")
    return float(found[1]) * _SECONDS[found[2] or "s"]


Seconds = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema({"type": ["number", "string"], "examples": [10, "500 ms", "2m"]}),
]


def spoken(value_s: float) -> str:
    """Seconds as a person reads them: ``137 ms``, ``2.4 s``, ``3 min 20 s``, ``5 h 10 min``, ``12 days``."""
    if value_s < 0.0095:
        return f"{value_s * 1000:.2g} ms"
    if value_s < 0.9995:
        return f"{value_s * 1000:.0f} ms"
    if value_s < 120:
        return f"{value_s:.3g} s"
    if value_s >= 2 * DAY_S:
        days = value_s / DAY_S
        return f"{days:.0f} days" if days >= 100 else f"{days:.3g} days"
    large, small, in_large = ("h", "min", 3600) if value_s >= 7200 else ("min", "s", 60)
    whole, rest = divmod(round(value_s / (in_large / 60)), 60)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"
