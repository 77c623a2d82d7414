"""How many checks came to what, in the words that pytest's own last line has, too."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RANK = {"error": 4, "failed": 3, "waived": 2, "skipped": 1, "passed": 0}
"""Outcomes, the worst with the highest number."""

OWN = frozenset({"unreachable", "vacuous", "unsupported", "optional-unreachable", "xfailed"})
"""Categories that say more than the outcome that they are counted as."""


def counted(checks: Iterable[Mapping[str, Any]]) -> str:
    """``2 errors, 30 passed, 1 vacuous``; empty where there is none.

    Args:
        checks: as in ``run.json``.
    """
    words = Counter(word_of(check) for check in checks)
    return ", ".join(f"{count} {plural(word, count)}" for word, count in sorted(words.items()))


def word_of(check: Mapping[str, Any]) -> str:
    """What a check is counted as, by its ``outcome`` and ``category``."""
    return str(check["category"] if check["category"] in OWN else check["outcome"])


def plural(outcome: str, count: int) -> str:
    """The word for so many checks of an outcome."""
    return "errors" if outcome == "error" and count > 1 else outcome
