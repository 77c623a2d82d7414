"""The exit status: pytest's own, or under the gate one that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED, NO_TESTS = 1, 5
REGRESSION, UNDECIDED, UNREACHABLE, NOTHING_CHECKED = 10, 11, 12, 13
UNDECIDED_STATES = {"no-baseline", "not-comparable", "void"}


def exit_status(
    pytest_status: int,
    checks: Sequence[dict[str, Any]],
    *,
    others_failed: bool,
    gate: str | None,
    not_made: int = 0,
    missing: int = 0,
) -> int:
    """What the run exits with.

    Args:
        pytest_status: pytest's own.
        checks: our tests, as they stand in ``run.json``.
        others_failed: whether tests that are not ours failed.
        gate: what ``--llmops-gate`` blocks on among the inconclusive (``suspect any never``); None without the gate.
        not_made: selected checks that never reported; a run that lost one is not green.
        missing: metrics with a baseline that should have been measured and were not.
    """
    checked = [check for check in checks if check["outcome"] != "skipped"]
    if not_made and not pytest_status:
        return FAILED
    if gate is None:
        return pytest_status if checked or pytest_status else NO_TESTS
    if 2 <= pytest_status <= 4:
        return pytest_status
    bad = [check["category"] for check in checks if check["outcome"] in {"failed", "error"}]
    if "unreachable" in bad:
        return UNREACHABLE
    failed = [category for category in bad if category != "void"]
    if others_failed or [category for category in failed if category != "regression"]:
        return FAILED
    if failed:
        return REGRESSION
    if bad or missing or any(_undecided(metric, gate) for check in checks for metric in check["metrics"]):
        return UNDECIDED
    return pytest_status if checked else NOTHING_CHECKED


def _undecided(metric: dict[str, Any], gate: str) -> bool:
    if metric["state"] in UNDECIDED_STATES:
        return True
    return metric["state"] == "inconclusive" and (gate == "any" or (gate == "suspect" and metric["suspect"]))
