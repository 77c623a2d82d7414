"""What the person at the terminal is told: what is about to happen, how it gets on, and what came of it."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.errors import LlmopsError, did_you_mean
from pytest_llmops.plugin.command_line import ENGINES
from pytest_llmops.plugin.keys import LOCKED, missing_keys, tried
from pytest_llmops.plugin.ours import SUITES_FOLDER
from pytest_llmops.plugin.plan import share_of, total_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from pytest_llmops.plugin.controller import Controller
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.selection import Selected
    from pytest_llmops.target.load import Target

SKIPS = ("vacuous", "unsupported", "optional-unreachable")
"""Categories that pytest knows as skipped, and that are counted by their own names."""


class Telling:
    """Speaks through pytest's terminal reporter, where there is one.

    Args:
        run: the controller's part of the run.
        controller: knows what came of it.
    """

    def __init__(self, run: Run, controller: Controller) -> None:
        self.run = run
        self.controller = controller
        self.seen_unreachable: set[str] = set()
        self.left_off = False
        self.summed_up = False
        run.says = self.progress

    @property
    def terminal(self) -> Any:
        """Pytest's terminal reporter."""
        return self.run.pytest.pluginmanager.get_plugin("terminalreporter")

    def progress(self, line: str) -> None:
        """Print one line above pytest's own progress, even while a test's output is captured."""
        capture = self.run.pytest.pluginmanager.get_plugin("capturemanager")
        if self.terminal is None:
            return
        if capture is None or self.run.parallel:  # a controller of workers captures nothing
            self._write(line)
            return
        with capture.global_and_fixture_disabled():
            self._write(line)

    def _write(self, line: str) -> None:
        if self.left_off:
            self.terminal.currentfspath = None  # the file whose test runs is not named yet: the line is ours
        self.terminal.ensure_newline()
        if self.terminal._tw.width_of_current_line:  # noqa: SLF001 (dots of a quiet or parallel run)
            self.terminal.line("")
        self.terminal.write_line(f"  {line}", light=True)
        self.left_off = self.terminal.verbosity == 0 and not self.run.parallel

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Below lines of ours pytest names no file before there is a letter to stand behind it."""
        if self.left_off:
            self.terminal.currentfspath = self._file_of(nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A letter follows lines of ours: its file is named again, once however many lines they were."""
        if self.left_off and (report.when == "call" or not report.passed):
            self.left_off = False
            self.terminal.currentfspath = file = self._file_of(report.nodeid)
            self.terminal.write(f"{os.path.relpath(file, self.run.pytest.invocation_params.dir)} ")

    def _file_of(self, nodeid: str) -> Path:
        return self.run.pytest.rootpath / nodeid.partition("::")[0]

    def pytest_report_header(self) -> str:
        """Say which target is meant."""
        target = self.run.declared
        embedded = ", embedded" if target.table.embedded else ""
        against = f", against {self.run.twin.said}" if self.run.twin else ""
        return f"llmops: target {target.name} (profile {target.table.profile}{embedded}){against}"

    def announce(self, target: Target, selected: Selected) -> None:
        """What is about to happen to whom, and what it may cost."""
        if self.controller.sandbox is not None:
            facts, engine = self.controller.sandbox.facts, self.run.options.engine
            with_engine = f" with the engine {engine}" if engine != ENGINES[0] else ""
            self.line(f"sandbox of profile {target.table.profile}{with_engine} ready in {facts['ready_s']:.1f} s")
        if target.file is None and self.run.options.target is None and target.root != SUITES_FOLDER.parent:
            self.line("no llmops.toml here: this is the embedded sandbox, not a system of yours")
        for note in filter(None, (*target.notes, self.run.without_allure)):
            self.line(note)
        for reason, count in selected.not_applicable.items():
            self.line(f"{count} left out: {reason}")
            if reason == LOCKED and tried(self.run.options):
                for key in missing_keys(target, self.run.options):
                    self.line(f"lacks {key}")
        if selected.checks:
            from pytest_llmops.report.plan import announced, each, most

            total, budget = total_of(selected.planned, target), target.table.budget.model_dump(mode="json")
            self.line(f"{announced(total)}; at most {most(budget)}")
            if share := share_of(selected.planned, target):
                self.line(each(share, total))

    def line(self, text: str) -> None:
        """Say one line of ours."""
        if self.terminal is not None and text:
            self.terminal.ensure_newline()
            if self.terminal._tw.width_of_current_line:  # noqa: SLF001 (dots of a quiet or parallel run)
                self.terminal.line("")
            self.terminal.write_line(f"llmops: {text}")

    def waiting(self, text: str) -> None:
        """Say what is waited for; not to somebody who asked for few words."""
        if self.terminal is not None and self.terminal.verbosity >= 0:
            self.line(f"{text}; this takes some seconds")
            self.terminal.flush()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Our outcomes in the terminal; of an unreachable component only the first test is an error in full."""
        described = getattr(report, "llmops", None)
        if described is None:
            return None
        category, outcome = described["category"], described["outcome"]
        if category == "unreachable":
            again = described["reason"] in self.seen_unreachable
            self.seen_unreachable.add(described["reason"])
            return ("more unreachable", "U", "UNREACHABLE") if again else ("error", "E", "ERROR")
        if outcome == "waived":
            return "waived", "w", "WAIVED"
        if category in SKIPS and not self.summed_up:
            return category, category[0], category.upper()
        return None

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_terminal_summary")
    def pytest_reasons_of_skips(self, terminalreporter: Any) -> Generator[None, object, object]:
        """For ``-rs`` what has a category of its own is among the skipped, with its reason; it is not counted there."""
        if "s" not in terminalreporter.reportchars:
            return (yield)
        stats, self.summed_up = terminalreporter.stats, True
        counted = stats.get("skipped", [])
        stats["skipped"] = [*counted, *(report for category in SKIPS for report in stats.get(category, ()))]
        try:
            return (yield)
        finally:
            stats["skipped"], self.summed_up = counted, False

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say what was checked, or would be, in plain words."""
        if not self.controller.reporting.result:
            return
        if self.run.options.plan:
            self._show_plan(terminalreporter)
        elif self.controller.opened_at is not None:
            self._show_summary(terminalreporter, verbose=config.option.verbose > 0)
        self._show_written(terminalreporter)

    def _show_summary(self, terminalreporter: Any, *, verbose: bool) -> None:
        from pytest_llmops.report.terminal import summary

        terminalreporter.ensure_newline()
        against = f" against {self.run.twin.said}" if self.run.twin else ""
        terminalreporter.section(f"llmops: {self.run.declared.name}{against}", bold=True)
        width = terminalreporter._tw.fullwidth  # noqa: SLF001 (the only source of the width that pytest itself uses)
        result, color = self.controller.reporting.result, bool(terminalreporter.hasmarkup)
        for line in (
            *summary(result, color=color, width=width, verbose=verbose),
            *self._unmatched(),
            *self._unlimited(),
        ):
            terminalreporter.line(line)
        for line in (*self._changed(width), *self._incident(result)):
            terminalreporter.line(line)
        warnings = [warning for deployment in self.run.deployments for warning in deployment.declared.warnings]
        for warning in dict.fromkeys(warnings):
            terminalreporter.line(f"WARNING      {warning}", red=True)
        if result["news"]:
            from pytest_llmops.report.news_sending import lines

            for line, warns in lines(result["news"]):
                terminalreporter.line(line, red=warns)
        if result["not_made"]["checks"]:
            terminalreporter.line(f"stopped      {self._stopped(result['not_made'])}")

    def _changed(self, width: int) -> Iterator[str]:
        """What this run did to the target, and what of it stays."""
        from pytest_llmops.report.changed_lines import changed_lines
        from pytest_llmops.state.journal import Journal

        if self.run.selected is None or not self.run.selected.disruptive:
            return
        try:
            acts = Journal.of(self.run.declared.state_folder, self.run.declared.name).acts(self.run.began)
        except LlmopsError as error:
            yield f"changed      what was done to the target is not known: {error}"
            return
        yield from changed_lines(acts, width)

    def _incident(self, result: dict[str, Any]) -> Iterator[str]:
        from pytest_llmops.report.incident_lines import incident_lines

        below = (result["incident"] or {}).get("folder", "")
        return incident_lines(result["incident"], str(self._shown(self.run.report_folder / below)) if below else "")

    def _shown(self, place: Path) -> Path:
        start = self.run.pytest.invocation_params.dir
        return place.relative_to(start) if place.is_relative_to(start) else place

    def _stopped(self, not_made: dict[str, int]) -> str:
        """What a stop left undone; the timed ones wait for all others, so they are the first to be lost."""
        assert self.run.selected is not None
        timed = f", {not_made['timed']} of them timed" if not_made["timed"] else ""
        return f"{not_made['checks']} of {self.run.selected.checks} checks were not made{timed}"

    def _show_plan(self, terminalreporter: Any) -> None:
        from pytest_llmops.report.plan import lines

        terminalreporter.ensure_newline()
        terminalreporter.section(f"llmops: plan for {self.run.declared.name}; nothing was called", bold=True)
        width = terminalreporter._tw.fullwidth  # noqa: SLF001 (the only source of the width that pytest itself uses)
        for line in lines(self.controller.reporting.result, color=bool(terminalreporter.hasmarkup), width=width):
            terminalreporter.line(line)

    def _show_written(self, terminalreporter: Any) -> None:
        folder, checks = self.run.report_folder, self.controller.reporting.result["checks"]
        for place in self.controller.reporting.written:
            terminalreporter.line(f"written: {self._shown(place)}")
        documents = [folder / document for check in checks for document in check.get("documents", [])]
        for place, count in Counter(document.parent for document in documents).items():
            several = f"{self._shown(place)}{os.sep} ({count} documents)"
            one = next(document for document in documents if document.parent == place)
            terminalreporter.line(f"written: {several if count > 1 else self._shown(one)}")

    def _unmatched(self) -> list[str]:
        """The names in the file that no check of this run measured; those that are missing are said as such."""
        from pytest_llmops.plugin.asked_names import unmatched

        measured = {metric["name"] for check in self.controller.checks.values() for metric in check["metrics"]}
        if not measured:
            return []
        missing = {one["metric"] for one in self.controller.reporting.missing}
        return [
            f"note         no check of this run measured {name!r}, which {where}.{did_you_mean(name, measured)}"
            for name, where in unmatched(self.run.declared, measured).items()
            if name not in missing
        ]

    def _unlimited(self) -> list[str]:
        """Load of a system of the user's own that nothing says how quick it has to be, and the key that would."""
        from pytest_llmops.judge.thresholds import NO_LIMIT

        metrics = [metric for check in self.controller.checks.values() for metric in check["metrics"]]
        names = [metric["name"] for metric in metrics if f"({NO_LIMIT}:" in metric["reason"]]
        if not names or self.run.declared.table.embedded:
            return []
        example = f'thresholds."{names[0]}".target = "< 3 s"'
        return [f"note         no threshold judges {', '.join(names)}: write in llmops.toml, for example, {example}"]
