"""A JSON file of somebody's, however odd: read, and never changed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_json(path: Path) -> Any:
    """What it holds. An integer that no float can hold is infinite, as ``1e400`` is.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it cannot be read, is no JSON, or nests too deeply; says so as ``no readable JSON (…)``.
    """
    try:
        return json.loads(path.read_text("utf-8-sig"), parse_int=_integer)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"no readable JSON ({error})") from error


def text(table: Mapping[str, Any], key: str) -> str:
    """A string of a table.

    Raises:
        KeyError: it is missing.
        TypeError: it is no string.
    """
    found = table[key]
    if not isinstance(found, str):
        raise TypeError(f"{key} is no string")
    return found


def _integer(digits: str) -> float:
    return int(digits) if math.isfinite(float(digits)) else float(digits)
