"""What became of each check, in plain words and as plain JSON on its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.errors import BudgetSpent, LlmopsError, Unreachable, Unsupported, Vacuous
from pytest_llmops.plugin import allure_results
from pytest_llmops.plugin.ours import CHECK

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run

SKIPS: dict[type[LlmopsError], str] = {Vacuous: "vacuous", Unsupported: "unsupported"}
"""Outcomes of their own: named, and never a pass."""


class Outcomes:
    """Turns what pytest saw into the outcomes of the contract; attached to the report as ``llmops``."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def pytest_collection_finish(self) -> None:
        """From here on results may be written: take secrets out of them."""
        if self.run.selected is not None and allure_results.wanted(self.run.pytest):
            allure_results.redact(self.run)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Forget the last test's calls."""
        if CHECK in item.stash:
            from pytest_llmops.clients.http import last_exchange

            last_exchange.set("")

    @pytest.hookimpl(wrapper=True, trylast=True)  # innermost: whoever reads the report, reads our words
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Describe the outcome, replace tracebacks of ours by sentences, and take secrets out."""
        report = yield
        if CHECK not in item.stash:
            return report
        check = item.stash[CHECK]
        error = call.excinfo.value if call.excinfo else None
        category = self._category(report, check, error)
        if category in SKIPS.values() or category == "optional-unreachable":
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"{category}: {error}")
        elif report.failed:
            self._speak(item, check, report, error)
        self._waive(check, item, report)
        self._redact(report)
        if report.when == "call" or not report.passed:
            report.llmops = self._described(check, report, category)  # type: ignore[attr-defined]
            if allure_results.wanted(item.config):
                allure_results.rate(report.llmops["severity"])
            report.llmops_recordings = check.recordings  # type: ignore[attr-defined]
        return report

    def _category(self, report: pytest.TestReport, check: Check, error: BaseException | None) -> str:
        """The class of the outcome; empty for a plain pass."""
        if report.passed:
            return check.notes[0] if check.notes else ""
        if isinstance(error, Unreachable):
            required = self.run.declared.component(error.component).required
            return "unreachable" if required else "optional-unreachable"
        for kind, category in SKIPS.items():
            if isinstance(error, kind):
                return category
        if report.skipped:
            return "skipped"
        if check.void:
            return "void"
        if check.breaches:
            return "threshold"
        if check.regressions:
            return "regression"
        if isinstance(error, BudgetSpent):
            return "budget"
        return "failed" if report.when == "call" else "error"

    def _speak(self, item: pytest.Item, check: Check, report: pytest.TestReport, error: BaseException | None) -> None:
        """Say what is wrong in a sentence: no traceback through the plugin, none through a ready suite."""
        text = ""
        if isinstance(error, LlmopsError):
            text = str(error)
        elif isinstance(error, AssertionError) and check.ready:
            text = str(error).partition("\nassert ")[0]
        elif isinstance(error, pytest.fail.Exception) and not error.pytrace:  # sentences already
            report.longrepr = str(error)
        if isinstance(error, Unreachable):  # the component is what matters, not which test happened to ask for it
            report.longrepr = text
        if not text or isinstance(error, Unreachable):
            return
        path, line, _ = item.location
        lines = [text, f"  at {path}:{(line or 0) + 1} ({item.name})"]
        from pytest_llmops.clients.http import last_exchange

        if last_exchange.get():
            lines.append(f"  try: {last_exchange.get()}")
        report.longrepr = "\n".join(lines)

    def _waive(self, check: Check, item: pytest.Item, report: pytest.TestReport) -> None:
        """A waived check is measured and shown, and does not fail; an expired waiver changes nothing."""
        if not report.failed or self.run.declared_or_none is None:
            return
        import datetime as dt

        today = dt.datetime.now().astimezone().date()
        for waiver in self.run.declared.table.waivers:
            if waiver.check == check.key and today < waiver.until:
                said = f"waived until {waiver.until} by {waiver.owner}: {waiver.reason}"
                check.notes.append("waived")
                report.outcome = "skipped"
                report.longrepr = (str(item.path), item.location[1] or 0, said)

    def _redact(self, report: pytest.TestReport) -> None:
        """No secret leaves in a report, whatever the target echoed."""
        redactor = self.run.redactor
        if report.longrepr is not None and redactor.finds(str(report.longrepr)):
            report.longrepr = redactor.clean(str(report.longrepr))
        report.sections = [(name, redactor.clean(text)) for name, text in report.sections]

    def _described(self, check: Check, report: pytest.TestReport, category: str) -> dict[str, Any]:
        outcome = {"passed": "passed", "skipped": "skipped", "failed": "failed"}[report.outcome]
        if report.failed and (report.when != "call" or category == "void"):
            outcome = "error"
        if "waived" in check.notes:
            outcome = "waived"
        return {
            **check.identity,
            "outcome": outcome,
            "category": category,
            "severity": _severity(check, category, outcome),
            "reason": _reason(report),
            "notes": list(dict.fromkeys(check.notes)),
            "duration_s": round(report.duration, 4),
            "metrics": check.metrics,
        }


def _reason(report: pytest.TestReport) -> str:
    """Why, without the source lines that pytest shows around it."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr or "")


def _severity(check: Check, category: str, outcome: str) -> str:
    """The worst severity of what failed; empty where nothing did."""
    if outcome not in {"failed", "error", "waived"}:
        return ""
    for severity in ("critical", "normal", "minor"):
        if severity in check.breaches:
            return severity
    return "critical" if category == "unreachable" else "normal"
