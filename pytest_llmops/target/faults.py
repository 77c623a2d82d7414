"""How faults of the sandbox are asked for: one by one, or several in one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def each(texts: Iterable[str]) -> list[str]:
    """The faults one by one: ``["api:down, llm:slow=2", "redis:down"]`` names three."""
    return [fault.strip() for text in texts for fault in text.split(",") if fault.strip()]
