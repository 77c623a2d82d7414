"""What a failure says: what is wrong, where, whose limit it broke, and how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.errors import LlmopsError, Unreachable

if TYPE_CHECKING:
    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run

TRY = "  try: "

NO_REASON = f"{pytest.xfail.Exception.__module__}.{pytest.xfail.Exception.__qualname__}"
"""What pytest shows of a failure that unittest expects."""


class Failed(pytest.fail.Exception):  # type: ignore[name-defined,misc]  # pytest declares it as a variable
    """A failure that ``measure`` or ``record`` words itself, shown as pytest's own.

    Args:
        said: its sentences.
        category: ``threshold``, ``regression`` or ``void``.
    """

    __module__ = "builtins"

    def __init__(self, said: str, category: str) -> None:
        super().__init__(said, pytrace=False)
        self.category = category


def speak(run: Run, item: pytest.Item, check: Check, report: pytest.TestReport, error: Any) -> None:
    """Put sentences in place of a traceback: none goes through the plugin, none through a ready suite.

    Args:
        run: this process's part of the run.
        item: the test.
        check: what is known of it.
        report: pytest's, whose words are replaced.
        error: what the test raised.
    """
    from pytest_llmops.clients.exchange import last_exchange
    from pytest_llmops.report.last_good import passed_line, with_last_good

    again = f"{TRY}{last_exchange.get()}" if last_exchange.get() else ""
    text = _sentence(check, error)
    if not text:  # the user's own words, with pytest's explanation
        if again and report.when == "call" and last_exchange.get() != check.before_call:
            report.sections.append(("llmops: the last call of this test", again.strip()))
        for words in passed_line(check.last_passed):
            history = getattr(report.longrepr, "addsection", lambda name, text: report.sections.append((name, text)))
            history("llmops: history", words)
    elif isinstance(error, Unreachable | pytest.fail.Exception) and not isinstance(error, Failed):
        report.longrepr = text  # of a component what matters is not which test happened to ask for it
    else:
        own = [line for line in text.splitlines() if not line.startswith("  ")]
        said = with_last_good(own, check.metrics, check.last_passed)
        advice = [line for line in text.splitlines() if line.startswith("  ")]
        if again and not any(line.startswith(TRY) for line in advice):
            advice.append(again)
        path, line, _ = item.location
        at = f"  at {path}:{(line or 0) + 1} ({item.name})"
        report.longrepr = "\n".join([*said, at, *_limits(run, check), *advice])


def reason(report: pytest.TestReport) -> str:
    """Why, without the source lines that pytest shows around it; of an expected failure why it is expected, if said."""
    if expected := str(getattr(report, "wasxfail", "")).removeprefix("reason: ").strip():
        return expected
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    said = str(crash.message if crash else report.longrepr or "")
    return "" if said == NO_REASON else said


def _sentence(check: Check, error: Any) -> str:
    """The error's own words, where they stand for themselves."""
    if isinstance(error, AssertionError):
        return str(error).partition("\nassert ")[0] if check.ready else ""
    if isinstance(error, pytest.fail.Exception):
        return "" if error.pytrace else str(error)
    return str(error) if isinstance(error, LlmopsError) else ""


def _limits(run: Run, check: Check) -> list[str]:
    """Where a limit that did not hold stands: in the target's own file, or in its profile."""
    from pytest_llmops.judge.thresholds import threshold_for

    broken = [metric["name"] for metric in check.metrics if (metric["threshold"] or {}).get("broken")]
    if not broken:
        return []
    target = run.declared
    own = {name: threshold for name, threshold in target.table.thresholds.items() if name in target.own_thresholds}
    places = []
    for name in broken:
        if threshold_for(name, target.table.thresholds) is None:
            continue  # it is no threshold's limit, and whose it is was said
        where = f"{target.where[:-1]}.thresholds]" if threshold_for(name, own) else f"profile {target.table.profile}"
        places.append(f"  limit: {where}")
    return list(dict.fromkeys(places))
