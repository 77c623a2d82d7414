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
    left_changed: bool = False,
) -> int:
    """What the run exits with.

    Args:
        pytest_status: pytest's own.
        checks: our tests, as they stand in ``run.json``.
        others_failed: whether tests that are not ours failed.
        gate: what ``--llmops-gate`` blocks on among the inconclusive (``suspect any never``); None without the gate.
        not_made: selected checks that never reported; a run that lost one is neither green nor judged.
        missing: metrics with a baseline that should have been measured and were not.
        left_changed: whether the target is not as it was; that fails the run even if every test passed.
    """
    if left_changed and pytest_status in {0, FAILED, NO_TESTS}:
        return FAILED
    checked = [check for check in checks if check["outcome"] != "skipped" or check["category"] == "xfailed"]
    if not_made and not pytest_status:
        return FAILED
    if gate is None:
        return pytest_status if checked or pytest_status else NO_TESTS
    if 2 <= pytest_status <= 4:
        return pytest_status
    bad = [check["category"] for check in checks if check["outcome"] in {"failed", "error"}]
    if "unreachable" in bad:
        return UNREACHABLE
    if not_made:
        return FAILED
    failed = [category for category in bad if category != "void"]
    if others_failed or [category for category in failed if category != "regression"]:
        return FAILED
    if failed:
        return REGRESSION
    judged = [metric for check in checks if check["outcome"] != "waived" for metric in check["metrics"]]
    if bad or missing or any(_undecided(metric, gate) for metric in judged):
        return UNDECIDED
    return pytest_status if checked else NOTHING_CHECKED


def _undecided(metric: dict[str, Any], gate: str) -> bool:
    from pytest_llmops.report.metric import is_quiet_rate

    if metric["state"] in UNDECIDED_STATES:
        return True
    if metric["state"] != "inconclusive" or is_quiet_rate(metric):
        return False  # no failures now and none then never decide anything, however many calls are made
    return bool(gate == "any" or (gate == "suspect" and metric["suspect"]))
