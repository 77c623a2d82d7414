"""What checks come to together before any is made: the ledger's counterpart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def together(checks: Sequence[Mapping[str, Any]], preflight: Mapping[str, int]) -> dict[str, Any]:
    """The sum of planned checks, the preflights of the components that they need included.

    Args:
        checks: as in ``plan.json``.
        preflight: calls of each component's preflight.

    Returns:
        ``checks``, ``timed``, ``calls``, ``tokens`` at most, ``calls_by_component``.
    """
    components = sorted({name for check in checks for name in check["components"]})
    calls = Counter({name: preflight[name] for name in components})
    for check in checks:
        for operation, count in check["operations"].items():
            calls[operation.partition(".")[0]] += count
    return {
        "checks": len(checks),
        "timed": sum(check["timed"] for check in checks),
        "calls": sum(calls.values()),
        "tokens": sum(check["tokens"] for check in checks),
        "calls_by_component": dict(calls),
    }
