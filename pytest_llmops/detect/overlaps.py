"""Findings of several patterns over one text: what is found twice is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.detect.finding import Finding


def apart(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in the text's order, none over another: of those that overlap the one that was named first stays."""
    kept: list[Finding] = []
    for one in findings:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)
