"""What became of each check, in plain words and as plain JSON on its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.errors import (
    BudgetSpent,
    ConfigError,
    LeftChanged,
    LlmopsError,
    NotInstalled,
    OutsideWindow,
    StillChanged,
    Unreachable,
    Unsupported,
    Vacuous,
)
from pytest_llmops.plugin import allure_results
from pytest_llmops.plugin.ours import CHECK
from pytest_llmops.plugin.redaction import guard
from pytest_llmops.plugin.remembering import remember_last_good
from pytest_llmops.plugin.selection import Selection
from pytest_llmops.plugin.sentences import Failed, reason, speak
from pytest_llmops.report.outcomes import RANK

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run

SKIPS: dict[type[LlmopsError], str] = {Vacuous: "vacuous", Unsupported: "unsupported"}
"""Outcomes of their own: named, and never a pass."""

RED: dict[type[LlmopsError], str] = {
    StillChanged: "still-changed",
    LeftChanged: "left-changed",
    OutsideWindow: "outside-window",
    NotInstalled: "not-installed",  # before what it is one of
    ConfigError: "error",
    BudgetSpent: "budget",
}
ERRORS = frozenset({"void", "unreachable", "error", "not-installed", "outside-window", "still-changed"})
"""Categories that say nothing of the target, also where a test itself came to them."""


class Outcomes:
    """Turns what pytest saw into the outcomes of the contract; attached to the report as ``llmops``."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.redaction = guard(run)

    @pytest.hookimpl(wrapper=True)  # before the controller of workers is told, whichever of us was registered first
    def pytest_collection_finish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Count what was selected; and take secrets out of the results that may be written from here on."""
        Selection(self.run).count(session.items)
        if self.run.selected is not None and allure_results.wanted(self.run.pytest):
            declared = self.run.declared_or_none
            allure_results.redact(self.run.pytest, self.redaction, declared.name if declared else "")
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In the controller: a check whose worker died with it has left no Allure result."""
        known = self.run.selected.known if self.run.selected else {}
        if str(report.when) == "???" and report.nodeid in known and allure_results.wanted(self.run.pytest):
            allure_results.crashed(self.run, known[report.nodeid], report.nodeid, str(report.longrepr))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Forget the last test's calls, and what an earlier attempt of this one came to."""
        if CHECK in item.stash:
            from pytest_llmops.clients.exchange import begin_exchange

            begin_exchange("")
            check = item.stash[CHECK]
            check.forget()
            self.run.afresh = bool(self.run.selected and self.run.selected.looks_afresh(check))
            self.run.measured = {name: by for name, by in self.run.measured.items() if by != check.key}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Remember which calls were only its fixtures'."""
        if CHECK in item.stash:
            from pytest_llmops.clients.exchange import last_exchange

            item.stash[CHECK].before_call = last_exchange.get()

    @pytest.hookimpl(wrapper=True, trylast=True)  # innermost: whoever reads the report, reads our words
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Replace tracebacks of ours by sentences, and take secrets out."""
        report = yield
        if CHECK not in item.stash:
            return report
        check = item.stash[CHECK]
        error = call.excinfo.value if call.excinfo else None
        check.category = category = self._category(report, check, error)
        if category in SKIPS.values() or category == "optional-unreachable":
            _skip(item, call, report, f"{category}: {error}")
        elif report.failed:
            remember_last_good(self.run, check, category)
            speak(self.run, item, check, report, error)
        self._waive(check, item, call, report)
        if cleaner := self.redaction.cleaner:
            cleaner.report(report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_runtest_makereport")  # outermost: after pytest's own
    def pytest_described(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Describe the outcome, once pytest has said whether a failure was expected."""
        report = yield
        if CHECK not in item.stash:
            return report
        check = item.stash[CHECK]
        if hasattr(report, "wasxfail"):
            check.category = "" if report.passed else "xfailed" if report.when == "call" else "skipped"
        elif report.failed and call.excinfo is None:
            check.category = "failed"  # it passed, and was strictly expected to fail
        if report.when == "call" or not report.passed:
            described = self._described(check, report)
            if report.when == "call":  # more calls of one test are parts of it: with ``subtests``
                described = check.worst_part = _worst(check.worst_part, described)
            report.llmops = described  # type: ignore[attr-defined]
            self._tell_properties(item, described)
            if allure_results.wanted(item.config):
                allure_results.rate(described)
            report.llmops_recordings = check.recordings  # type: ignore[attr-defined]
            check.red = described["outcome"] in {"failed", "error"}
        if report.when == "teardown" and allure_results.wanted(item.config):
            allure_results.tell(self.run, item, check)
        return report

    def _tell_properties(self, item: pytest.Item, described: dict[str, Any]) -> None:
        """For the report of its teardown, which JUnit's file is written by; those of an earlier attempt go."""
        from pytest_llmops.report.properties import PREFIX, properties

        declared = self.run.declared_or_none
        own = [(name, value) for name, value in item.user_properties if not str(name).startswith(PREFIX)]
        item.user_properties[:] = [*own, *properties(described, declared.name if declared else "")]

    def _category(self, report: pytest.TestReport, check: Check, error: BaseException | None) -> str:
        """The class of the outcome; empty for a plain pass."""
        if report.passed:
            return check.notes[0] if check.notes else ""
        if isinstance(error, Unreachable):
            return "unreachable" if error.required else "optional-unreachable"
        for kind, category in SKIPS.items():
            if isinstance(error, kind):
                return category
        if report.skipped:
            return "skipped"
        if isinstance(error, Failed):
            return error.category
        usual = "failed" if report.when == "call" else "error"
        return next((category for kind, category in RED.items() if isinstance(error, kind)), usual)

    def _waive(self, check: Check, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """A waived check is measured and shown, and does not fail; an expired waiver changes nothing."""
        if not report.failed or self.run.declared_or_none is None:
            return
        import datetime as dt

        today = dt.datetime.now().astimezone().date()
        for waiver in self.run.declared.table.waivers:
            if waiver.check == check.key and waiver.counts(today):
                check.notes.append("waived")
                _skip(item, call, report, waiver.said)

    def _described(self, check: Check, report: pytest.TestReport) -> dict[str, Any]:
        category = check.category
        outcome = {"passed": "passed", "skipped": "skipped", "failed": "failed"}[report.outcome]
        if report.failed and (report.when != "call" or category in ERRORS):
            outcome = "error"
        if "waived" in check.notes:
            outcome = "waived"
        return {
            **check.identity,
            "outcome": outcome,
            "category": category,
            "severity": _severity(check, category, outcome),
            "reason": reason(report),
            "notes": list(dict.fromkeys(check.notes)),
            "duration_s": round(report.duration, 4),
            "last_passed": check.last_passed,
            "metrics": check.metrics,
            "documents": list(check.documents),
        }


def _skip(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, words: str) -> None:
    """Have pytest take a test for skipped: by its report, and by what was raised, at which ``--pdb`` would stop."""
    report.outcome = "skipped"
    report.longrepr = (str(item.path), (item.location[1] or 0) + 1, words)
    if call.excinfo is not None:
        skipped = pytest.skip.Exception(call.excinfo.exconly()).with_traceback(call.excinfo.tb)
        call.excinfo = pytest.ExceptionInfo.from_exception(skipped)


def _worst(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """Which of a check's parts decides what it came to: the first of the worst; one that is plainly skipped is none."""

    def rank(part: dict[str, Any]) -> int:
        plain = part["outcome"] == part["category"] == "skipped"
        return 0 if plain else RANK[part["outcome"]]

    return before if before and rank(before) >= max(1, rank(now)) else now


def _severity(check: Check, category: str, outcome: str) -> str:
    """The worst severity of what failed; empty where nothing did."""
    if outcome not in {"failed", "error", "waived"}:
        return ""
    for severity in ("critical", "normal", "minor"):
        if category == "threshold" and severity in check.breaches:
            return severity
    return "critical" if category in {"unreachable", "left-changed", "still-changed"} else "normal"
