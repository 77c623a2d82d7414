"""A JSON file of somebody's, however odd: read, and never changed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import BaselineError
from pytest_llmops.state.folder import names_in

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


def json_files(folder: Path) -> list[Path]:
    """Those of a folder, by name; none where there is no such folder.

    Raises:
        BaselineError: it cannot be looked into, so nobody knows what was accepted.
    """
    try:
        names = names_in(folder)
    except OSError as error:
        raise BaselineError(f"{folder} cannot be looked into, so nobody knows what was accepted: {error}.") from None
    return [folder / name for name in names if name.endswith(".json")]


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
