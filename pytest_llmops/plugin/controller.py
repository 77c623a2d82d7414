"""The run as the person at the terminal sees it: opened before the first of our tests, summed up at the end."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.control.embedded import Sandbox
from pytest_llmops.errors import ConfigError, LlmopsError, did_you_mean
from pytest_llmops.plugin.command_line import ENGINES
from pytest_llmops.plugin.exit_status import NO_TESTS, NOTHING_CHECKED, exit_status
from pytest_llmops.plugin.ours import SUITES_FOLDER
from pytest_llmops.plugin.plan import plan_of, stay_here, total_of
from pytest_llmops.report.run_json import RUN_JSON

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.selection import Selected
    from pytest_llmops.target.load import Target

RANK = {"error": 4, "failed": 3, "waived": 2, "skipped": 1, "passed": 0}


class Controller:
    """Only in the process that the person started: the one process, or the controller of workers.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.sandbox: Sandbox | None = None
        self.opened_at: float | None = None
        self.started = 0.0
        self.checks: dict[str, dict[str, Any]] = {}
        self.recordings: dict[str, list[dict[str, Any]]] = {}
        self.seen_unreachable: set[str] = set()
        self.running = ""
        self.result: dict[str, Any] = {}
        self.written: list[Path] = []
        run.says = self.progress
        if run.options.plan:
            stay_here(run.pytest)

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
        self.terminal.ensure_newline()
        if self.terminal._tw.width_of_current_line:  # noqa: SLF001 (dots of a quiet or parallel run)
            self.terminal.line("")
        self.terminal.write_line(f"  {line}", light=True)
        if self.running and self.terminal.verbosity == 0:
            self.terminal.write_fspath_result(self.running, "")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Know which test runs, so that pytest's own line goes on below a line of ours."""
        self.running = nodeid if self.run.pytest.getoption("dist", "no") == "no" else ""

    def pytest_report_header(self) -> str:
        """Say which target is meant."""
        target = self.run.declared
        embedded = ", embedded" if target.table.embedded else ""
        return f"llmops: target {target.name} (profile {target.table.profile}{embedded})"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Open the run, unless nothing of ours will run in this process; of a plan no test is executed."""
        stopped = session.testsfailed and not session.config.option.continue_on_collection_errors
        if session.config.option.collectonly or stopped:
            return None
        if self.run.options.plan:
            return True
        if self.run.selected is not None:
            self.open()
        return None

    def open(self) -> None:
        """Before the first of our tests: say what is planned, start the sandbox if the target is embedded.

        Raises:
            pytest.UsageError: the target cannot be read, or the sandbox cannot start.
        """
        selected = self.run.selected
        if self.opened_at is not None or selected is None:
            return
        if selected.error:
            raise pytest.UsageError(selected.error)
        opening_at, self.started = time.perf_counter(), time.time()
        try:
            target = self.run.declared
            (self.run.report_folder / RUN_JSON).unlink(missing_ok=True)  # an old one would pass for this run's
            self._clean_allure_results()
            if not target.table.embedded:
                self._check_declared(target)
            elif selected.checks:
                self.sandbox = Sandbox(target, self.run.options.faults, self.run.options.engine, self.run.path)
                self.run.directory.write("sandbox", self.sandbox.facts)
        except LlmopsError as error:
            raise pytest.UsageError(str(error)) from None
        self.opened_at = opening_at
        self._announce(target, selected)

    def _check_declared(self, target: Target) -> None:
        """What can be known of a target that is not ours before anything is sent to it.

        Raises:
            ConfigError: a secret is not set, or a fault or an engine is asked for.
        """
        target.secrets()
        options = self.run.options
        for option, given in (("fault", options.faults), ("engine", options.engine != ENGINES[0])):
            if given:
                raise ConfigError(
                    f"--llmops-sandbox-{option} is for embedded targets; {target.name} is not one and stays untouched."
                )

    def _announce(self, target: Target, selected: Selected) -> None:
        """What is about to happen to whom, and what it may cost."""
        if self.sandbox is not None:
            facts, engine = self.sandbox.facts, self.run.options.engine
            with_engine = f" with the engine {engine}" if engine != ENGINES[0] else ""
            self._line(f"sandbox of profile {target.table.profile}{with_engine} ready in {facts['ready_s']:.1f} s")
        if target.file is None and self.run.options.target is None and target.root != SUITES_FOLDER.parent:
            self._line("no llmops.toml here: this is the embedded sandbox, not a system of yours")
        for note in target.notes:
            self._line(note)
        for reason, count in selected.not_applicable.items():
            self._line(f"{count} left out: {reason}")
        if selected.checks:
            timed = f", {selected.timed} of them timed" if selected.timed else ""
            budget = target.table.budget
            self._line(
                f"{selected.checks} checks{timed}: about {total_of(selected.planned, target)['calls']} calls; "
                f"at most {budget.requests} calls, {budget.tokens} tokens and {budget.seconds:g} s of measuring"
            )

    def _line(self, text: str) -> None:
        if self.terminal is not None and text:
            self.terminal.ensure_newline()
            self.terminal.write_line(f"llmops: {text}")

    def _clean_allure_results(self) -> None:
        """Once, before any process writes: results of an earlier run would count as this one's."""
        if self.run.own_allure_results is not None:
            shutil.rmtree(self.run.own_allure_results, ignore_errors=True)
            self.run.own_allure_results.mkdir(parents=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a process found out of a check; of several attempts or phases the worst of the last counts."""
        described = getattr(report, "llmops", None) or self._crashed(report)
        if described is None:
            return
        before = self.checks.get(report.nodeid)
        if before is None or report.when != "teardown" or RANK[described["outcome"]] > RANK[before["outcome"]]:
            self.checks[report.nodeid] = described
        self.recordings[report.nodeid] = getattr(report, "llmops_recordings", [])

    def _crashed(self, report: pytest.TestReport) -> dict[str, Any] | None:
        """A check whose worker died could not report; pytest-xdist's word for it counts."""
        known = self.run.selected.known if self.run.selected else {}
        if str(report.when) != "???" or report.nodeid not in known:
            return None
        return {
            **known[report.nodeid],
            "outcome": "error",
            "category": "crashed",
            "severity": "critical",
            "reason": str(report.longrepr),
            "notes": [],
            "duration_s": 0.0,
            "metrics": [],
        }

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
            return ("unreachable", "U", "UNREACHABLE") if again else ("error", "E", "ERROR")
        if outcome == "waived":
            return "waived", "w", "WAIVED"
        if category in {"vacuous", "unsupported", "optional-unreachable"}:
            return category, category[0], category.upper()
        return None

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Decide the exit status, write ``run.json`` and the candidate."""
        selected = self.run.selected
        if session.config.option.collectonly:
            return
        if self.run.options.plan:
            self._write_plan(session, exitstatus)
            return
        if selected is None:  # none of our tests: all that the gate says is that nothing at all was run
            if self.run.options.gate and exitstatus == NO_TESTS:
                session.exitstatus = NOTHING_CHECKED
            return
        checks = list(self.checks.values())
        gate = self.run.declared.config.gate.inconclusive if self.run.declared_or_none else "suspect"
        others_failed = session.testsfailed > sum(check["outcome"] in {"failed", "error"} for check in checks)
        session.exitstatus = exit_status(
            int(exitstatus),
            checks,
            others_failed=others_failed,
            gate=gate if self.run.options.gate else None,
            not_made=selected.checks - len(checks),
        )
        if self.opened_at is not None:
            try:
                self._write_reports(int(session.exitstatus), checks)
            except (OSError, LlmopsError) as error:  # said, and never a change of the verdict
                self._line(f"not written: {error}")

    def _write_plan(self, session: pytest.Session, exitstatus: int) -> None:
        """A plan of nothing is not green."""
        if exitstatus not in {0, NO_TESTS}:
            return
        from pytest_llmops.report.plan import write

        self.result = plan_of(self.run)
        nothing = NOTHING_CHECKED if self.run.options.gate else NO_TESTS
        session.exitstatus = 0 if self.result["checks"] else nothing
        try:
            self.written.append(write(self.run.report_folder, self.result))
        except OSError as error:
            self._line(f"not written: {error}")

    def _write_reports(self, status: int, checks: list[dict[str, Any]]) -> None:
        from pytest_llmops.report.run_json import write

        assert self.opened_at is not None
        assert self.run.selected is not None
        self.result = {
            "target": self.run.declared.name,
            "profile": self.run.declared.table.profile,
            "environment": self.run.declared.table.environment,
            "started": self.started,
            "duration_s": round(time.perf_counter() - self.opened_at, 3),
            "exit_status": status,
            "preflight": list(self.run.directory.known("preflight-").values()),
            "not_applicable": self.run.selected.not_applicable,
            "spent": asdict(self.run.ledger.spent()),
            "checks": checks,
        }
        folder = self.run.report_folder
        self.written.append(write(folder, self.result, self.run.redactor))
        if self.run.options.baseline == "record":
            from pytest_llmops.measure.candidate import write_run

            found = [recording for recordings in self.recordings.values() for recording in recordings]
            candidate = write_run(folder, self.run.declared, found)
            self.written += [candidate] if candidate else []

    def _unmatched(self) -> list[str]:
        """The file's own thresholds that no check of this run measured: a mistyped one would never speak."""
        from pytest_llmops.judge.thresholds import fits

        measured = {metric["name"] for check in self.checks.values() for metric in check["metrics"]}
        if not measured:
            return []
        return [
            f"note         no check of this run measured {name!r}, which has a threshold.{did_you_mean(name, measured)}"
            for name in self.run.declared.own_thresholds
            if not any(fits(name, metric) for metric in measured)
        ]

    def _end(self) -> None:
        self.run.close()
        if self.sandbox is not None:
            self.sandbox.stop()
            self.sandbox = None
        shutil.rmtree(self.run.path, ignore_errors=True)

    def pytest_unconfigure(self) -> None:
        """Whatever happened: nothing of the sandbox outlives the run."""
        self._end()

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say what was checked, or would be, in plain words."""
        if self.run.options.plan and self.result:
            self._show_plan(terminalreporter)
            return
        if not self.written:
            return
        from pytest_llmops.report.terminal import summary

        terminalreporter.ensure_newline()
        terminalreporter.section(f"llmops: {self.run.declared.name}", bold=True)
        width = terminalreporter._tw.fullwidth  # noqa: SLF001 (the only source of the width that pytest itself uses)
        verbose = config.option.verbose > 0
        lines = summary(self.result, color=bool(terminalreporter.hasmarkup), width=width, verbose=verbose)
        for line in (*lines, *self._unmatched()):
            terminalreporter.line(line)
        assert self.run.selected is not None
        for warning in self.run.declared.warnings:
            terminalreporter.line(f"WARNING      {warning}", red=True)
        left = self.run.selected.checks - len(self.checks)
        if left:
            terminalreporter.line(f"stopped      {left} of {self.run.selected.checks} checks were not made")
        self._show_written(terminalreporter)

    def _show_plan(self, terminalreporter: Any) -> None:
        from pytest_llmops.report.plan import lines

        terminalreporter.ensure_newline()
        terminalreporter.section(f"llmops: plan for {self.run.declared.name}; nothing was called", bold=True)
        width = terminalreporter._tw.fullwidth  # noqa: SLF001 (the only source of the width that pytest itself uses)
        for line in lines(self.result, color=bool(terminalreporter.hasmarkup), width=width):
            terminalreporter.line(line)
        self._show_written(terminalreporter)

    def _show_written(self, terminalreporter: Any) -> None:
        start = self.run.pytest.invocation_params.dir
        for place in self.written:
            shown = place.relative_to(start) if place.is_relative_to(start) else place
            terminalreporter.line(f"written: {shown}")
