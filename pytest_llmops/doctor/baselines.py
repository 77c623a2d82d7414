"""What a first run would be compared with."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llmops.judge.shipped import store_of
from pytest_llmops.judge.thresholds import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.target.load import Target


def baselines_of(
    target: Target,
    checks: Sequence[dict[str, Any]],
    fingerprint: Callable[[Mapping[str, str]], Mapping[str, str | int]],
) -> dict[str, Any]:
    """How many accepted runs there are, and what each timed metric would be judged as.

    Args:
        target: the deployment.
        checks: those that would run.
        fingerprint: a timed metric to what its baselines have to be like.

    Raises:
        BaselineError: a file among them is damaged.
    """
    store = store_of(target)
    runs = store.runs(target.name)
    metrics = [one for check in checks for one in check["measures"]]
    found = {one["name"]: _state(target, store, one, fingerprint) for one in metrics}
    differs = [said for _, said in found.values() if said]
    return {
        "runs": len(runs),
        "newest": runs[-1].recorded.timestamp() if runs else None,
        "states": dict(Counter(state for state, _ in found.values())),
        "differs": differs[0] if differs else "",
    }


def _state(target: Target, store: Any, one: dict[str, str], fingerprint: Callable[[Any], Any]) -> tuple[str, str]:
    """``compared``, ``no-baseline``, ``not-comparable`` or ``recorded``, and what differs."""
    if any(fits(pattern, one["name"]) for pattern in target.table.baseline.recorded):
        return "recorded", ""
    match = store.find(target.name, one["name"], fingerprint(one))
    if match.series:
        return "compared", ""
    return ("not-comparable", match.differs) if match.differs else ("no-baseline", "")
