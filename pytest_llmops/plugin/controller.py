"""The run as a whole: opened before the first of our tests, its checks collected, its outcome written at the end."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.control.embedded import Sandbox
from pytest_llmops.errors import ConfigError, LlmopsError
from pytest_llmops.plugin.command_line import ENGINES
from pytest_llmops.plugin.exit_status import NO_TESTS, NOTHING_CHECKED, exit_status
from pytest_llmops.plugin.plan import plan_of, stay_here
from pytest_llmops.plugin.telling import Telling
from pytest_llmops.report.run_json import RUN_JSON

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.plugin.run import Run
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
        self.result: dict[str, Any] = {}
        self.written: list[Path] = []
        self.telling = Telling(run, self)
        if run.options.plan:
            stay_here(run.pytest)

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
        self.telling.announce(target, selected)

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
                self.telling.line(f"not written: {error}")

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
            self.telling.line(f"not written: {error}")

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

    def _end(self) -> None:
        self.run.close()
        if self.sandbox is not None:
            self.sandbox.stop()
            self.sandbox = None
        shutil.rmtree(self.run.path, ignore_errors=True)

    def pytest_unconfigure(self) -> None:
        """Whatever happened: nothing of the sandbox outlives the run."""
        self._end()
