"""The run and the project's memory: what was last good while it runs, and the run itself at its end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run

UNREAD = "history-unread"
"""The fact of a run that its history cannot be read: found out once, and not tried again."""

NOT_ASKED = {"unreachable", "budget"}
"""Categories whose failure says nothing of the check itself."""


def remember_last_good(run: Run, check: Check, category: str) -> None:
    """Put beside what is red when it was last well; that it cannot be known is no reason to fail."""
    if category in NOT_ASKED:
        return
    bad = {metric["name"]: metric for metric in check.metrics if _is_bad(metric)}
    found = _asked(run, check.key, list(bad))
    check.last_passed = found["passed"]
    for name, (value, started) in found["values"].items():
        bad[name]["last_good"] = {"value": value, "started": started}


def last_passed(run: Run, key: str) -> float | None:
    """When a check of that key last passed; None where it is not known."""
    passed: float | None = _asked(run, key, [])["passed"]
    return passed


def keep_run(run: Run, result: dict[str, Any]) -> list[str]:
    """Put the run into the history of its project; what is to be said of that."""
    try:
        from pytest_llmops.state.history.place import place_of
        from pytest_llmops.state.history.unwritten import NOT_KEPT, kept_or_put_aside

        lines = kept_or_put_aside(place_of(run.declared), run.redactor.inside(result))
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a history is no verdict on a target)
        return [f"not in the history: {run.redactor.clean(f'{type(error).__name__}: {error}')}"]
    unread = run.directory.known(UNREAD)
    if unread and not any(line.startswith(NOT_KEPT) for line in lines):
        lines.append(f"last good values are not told: {unread['']['reason']}")
    return lines


def _asked(run: Run, key: str, metrics: list[str]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"passed": None, "values": {}}
    if run.declared_or_none is None or run.directory.known(UNREAD):
        return nothing
    try:
        from pytest_llmops.state.history.last_good import last_good
        from pytest_llmops.state.history.place import place_of

        found = last_good(place_of(run.declared), run.declared.name, key, metrics)
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a history is no verdict on a target)
        with suppress(OSError):
            run.directory.write(UNREAD, {"reason": run.redactor.clean(str(error))})
        return nothing
    return {"passed": found.passed, "values": found.values}


def _is_bad(metric: dict[str, Any]) -> bool:
    from pytest_llmops.report.metric import state_of

    return state_of(metric) in {"broken", "regression", "void"}
