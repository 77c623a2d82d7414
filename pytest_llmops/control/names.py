"""What may have been meant where there is nothing of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, there: Iterable[str]) -> str:
    """A sentence, with a leading blank, that names what is near; else all that there is."""
    known = sorted(there)
    return did_you_mean(name, known) or f" It has: {', '.join(known) or 'none'}."
