"""The run as a whole: opened before the first of our tests, its checks collected, its outcome written at the end."""

from __future__ import annotations

import shutil
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.control.embedded import Sandbox
from pytest_llmops.errors import ConfigError, LlmopsError
from pytest_llmops.plugin.command_line import ENGINES
from pytest_llmops.plugin.deployment import SANDBOX
from pytest_llmops.plugin.news import check_asked
from pytest_llmops.plugin.plan import against, stay_here
from pytest_llmops.plugin.remembering import last_passed
from pytest_llmops.plugin.reporting import Reporting
from pytest_llmops.plugin.settling import Settling
from pytest_llmops.plugin.telling import Telling
from pytest_llmops.report.outcomes import RANK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.plugin.deployment import Deployment
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.selection import Selected


class Controller:
    """Only in the process that the person started: the one process, or the controller of workers.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.sandbox: Sandbox | None = None
        self.twin_sandbox: Sandbox | None = None
        self.opened_at: float | None = None
        self.started = 0.0
        self.checks: dict[str, dict[str, Any]] = {}
        self.recordings: dict[str, list[dict[str, Any]]] = {}
        self.telling = Telling(run, self)
        self.settling = Settling(run)
        self.reporting = Reporting(run, self)
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
        """Before the first of our tests: say what is planned, start a sandbox for what is embedded.

        Raises:
            pytest.UsageError: the target or a baseline cannot be read, the target is not as it was before an earlier
                change, or the sandbox cannot start.
        """
        selected = self.run.selected
        if self.opened_at is not None or selected is None:
            return
        if selected.error:
            raise pytest.UsageError(selected.error)
        opening_at, self.started = time.perf_counter(), time.time()
        try:
            target = self.run.declared
            self.run.remove_old_reports()
            self._clean_allure_results()
            self._check_options()
            self._check_baselines(selected)
            self.settling.open()
            self.sandbox = self._started(self.run.own, self.run.options.faults, needed=bool(selected.checks))
            if self.run.twin is not None:
                self.twin_sandbox = self._started(self.run.twin, needed=bool(selected.timed))
        except LlmopsError as error:
            raise pytest.UsageError(str(error)) from None
        self.opened_at = opening_at
        self.telling.announce(target, selected)
        self._announce_twin()

    def _announce_twin(self) -> None:
        """Which deployment is called in turns with the target, and what that may cost it."""
        planned, twin = against(self.run), self.run.twin
        if planned is None or twin is None:
            return
        from pytest_llmops.report.plan import in_turns

        if self.twin_sandbox is not None:
            ready_s = self.twin_sandbox.facts["ready_s"]
            self.telling.line(f"{twin.said}: sandbox of profile {twin.declared.table.profile} ready in {ready_s:.1f} s")
        for note in twin.declared.notes:
            if note not in self.run.declared.notes:
                self.telling.line(note)
        self.telling.line(f"against {in_turns(planned)}")

    def _check_options(self) -> None:
        """What is asked of the sandbox is refused where there is none.

        Raises:
            ConfigError: a fault or an engine is asked for, and nothing embedded is there to have it; or nobody is named
                who could be told.
        """
        target, options = self.run.own, self.run.options
        engine = options.engine != ENGINES[0] and not any(one.embedded for one in self.run.deployments)
        for option, given in (("fault", options.faults and not target.embedded), ("engine", engine)):
            if given:
                name = target.declared.name
                raise ConfigError(
                    f"--llmops-sandbox-{option} is for embedded targets; {name} is not one and stays untouched."
                )
        check_asked(self.run)

    def _check_baselines(self, selected: Selected) -> None:
        """What cannot be compared with is known before anything is sent.

        Raises:
            BaselineError: an accepted run or a number of the team's own cannot be read.
        """
        if not selected.timed or self.run.options.baseline == "off" or self.run.twin is not None:
            return
        from pytest_llmops.judge.points import point_value

        target = self.run.declared
        self.run.store.runs(target.name)
        for metric, point in target.table.baseline.points.items():
            point_value(target.root, metric, point)

    def _started(self, deployment: Deployment, faults: Sequence[str] = (), *, needed: bool) -> Sandbox | None:
        """The sandbox of an embedded deployment, where it is needed; None of another, whose secrets have to be there.

        Raises:
            ConfigError: a secret is not set, or the sandbox cannot start.
        """
        if not deployment.embedded:
            deployment.declared.secrets()
        if not (deployment.embedded and needed):
            return None
        directory = deployment.directory
        profile = deployment.declared.table.profile
        slow = partial(self.telling.waiting, f"the sandbox of profile {profile} is starting")
        sandbox = Sandbox(deployment.declared, faults, self.run.options.engine, directory.path, slow)
        directory.write(SANDBOX, sandbox.facts)
        return sandbox

    def _clean_allure_results(self) -> None:
        """Once, before any process writes: results of an earlier run would count as this one's."""
        if self.run.own_allure_results is not None:
            shutil.rmtree(self.run.own_allure_results, ignore_errors=True)
            self.run.own_allure_results.mkdir(parents=True, exist_ok=True)  # a run beside this one makes it, too

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a process found out of a check; of several attempts or phases the worst of the last counts.

        Of workers that each run every test (``--dist each``) the worst counts, also of several attempts.
        """
        described = getattr(report, "llmops", None) or self._crashed(report)
        if described is None:
            return
        before = self.checks.get(report.nodeid)
        later = report.when != "teardown" and self.run.pytest.getoption("dist", "no") != "each"
        if before is None or later or RANK[described["outcome"]] > RANK[before["outcome"]]:
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
            "last_passed": last_passed(self.run, known[report.nodeid]["test"]),
            "metrics": [],
            "documents": [],
        }

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Decide the exit status, and write the reports; of a run that was refused before it opened none is left."""
        if self.opened_at is None and session.exitstatus == pytest.ExitCode.USAGE_ERROR:
            try:
                self.run.remove_old_reports()
            except pytest.UsageError as error:  # why it was refused is said by itself
                self.telling.line(str(error))
        self.reporting.finish(session, int(session.exitstatus))

    def _end(self) -> None:
        self.run.close()
        for sandbox in filter(None, (self.twin_sandbox, self.sandbox)):
            sandbox.stop()
        self.twin_sandbox = self.sandbox = None
        shutil.rmtree(self.run.path, ignore_errors=True)

    def pytest_unconfigure(self) -> None:
        """Whatever happened: nothing of the sandbox outlives the run."""
        self._end()
