"""JSON of strangers: whatever is not of the shape that is looked for is read as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def table(found: Any) -> Mapping[str, Any]:
    """The object that stands there; empty where something else does."""
    return found if isinstance(found, Mapping) else {}


def listed(found: Any) -> list[Any]:
    """The array that stands there; empty where something else does."""
    return found if isinstance(found, list) else []
