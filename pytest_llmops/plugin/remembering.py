"""The run and the project's memory: what was last good while it runs, and the run itself at its end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run

UNREAD = "history-unread"
"""The fact of a run that its history cannot be read: found out once, and not tried again."""

TRENDS_UNREAD = "trends-unread"
"""The fact of a run that its history could not be read for what creeps, and could before."""

NOT_ASKED = {"unreachable", "budget", "not-installed"}
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


def what_creeps(run: Run, result: dict[str, Any]) -> list[dict[str, Any]]:
    """The times that became longer over the last runs, this one included; that it cannot be known changes nothing."""
    if run.directory.known(UNREAD):
        return []
    try:
        from pytest_llmops.report.creeps import of_run
        from pytest_llmops.state.history.place import place_of

        return of_run(place_of(run.declared), run.redactor.inside(result))
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a history is no verdict on a target)
        with suppress(OSError):
            run.directory.write(TRENDS_UNREAD, {"reason": run.redactor.clean(str(error))})
        return []


def keep_run(run: Run, result: dict[str, Any]) -> list[str]:
    """Put the run into the history of its project; what is to be said of that."""
    try:
        from pytest_llmops.state.history.place import place_of
        from pytest_llmops.state.history.unwritten import NOT_KEPT, kept_or_put_aside

        lines = kept_or_put_aside(place_of(run.declared), run.redactor.inside(result))
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a history is no verdict on a target)
        return [f"not in the history: {run.redactor.clean(f'{type(error).__name__}: {error}')}"]
    if not any(line.startswith(NOT_KEPT) for line in lines):
        for fact, lacking in ((UNREAD, "last good values"), (TRENDS_UNREAD, "trends")):
            lines += [f"{lacking} are not told: {one['reason']}" for one in run.directory.known(fact).values()]
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
