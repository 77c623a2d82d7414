"""What checks come to together before any is made: the ledger's counterpart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def operations(checks: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """``component.method`` to about how many calls; what several checks read is asked once.

    Args:
        checks: as in ``plan.json``.
    """
    calls: Counter[str] = Counter()
    once: dict[str, Mapping[str, int]] = {}
    for check in checks:
        calls.update(check["operations"])
        once |= check["once"]
    for asked in once.values():
        calls.update(asked)
    return calls


def measurements(checks: Iterable[Mapping[str, Any]]) -> int:
    """How many timed measurements these checks make, at least one for each timed check: the budget is shared by them.

    Args:
        checks: as in ``plan.json``.
    """
    return sum(max(1, len(check["measures"])) for check in checks if check["timed"])


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
    for operation, count in operations(checks).items():
        calls[operation.partition(".")[0]] += count
    return {
        "checks": len(checks),
        "timed": sum(check["timed"] for check in checks),
        "calls": sum(calls.values()),
        "tokens": sum(check["tokens"] for check in checks) + _tokens_once(checks),
        "calls_by_component": dict(calls),
    }


def _tokens_once(checks: Iterable[Mapping[str, Any]]) -> int:
    """Tokens of what several checks read, and is generated once."""
    once: dict[str, int] = {}
    for check in checks:
        once |= check.get("once_tokens", {})
    return sum(once.values())
