"""The walk of a detector over a text: what its patterns match and its rule holds of, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.detect.finding import Finding
from pytest_llmops.detect.masking import masked

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator


def matching(
    kind: str,
    patterns: Iterable[re.Pattern[str]],
    text: str,
    holds: Callable[[re.Match[str]], bool],
    *,
    group: str | int = 0,
    keep: int = 2,
) -> Iterator[Finding]:
    """Each match that is one.

    Args:
        kind: of the findings.
        patterns: what they look like.
        text: that is looked through.
        holds: whether a match is one; ``match.string`` is what stands around it.
        group: of the match, that is found.
        keep: so many of its first characters may be shown.
    """
    for pattern in patterns:
        for match in pattern.finditer(text):
            if holds(match):
                yield Finding(kind, *match.span(group), f"{kind} {masked(match[group], keep)}")
