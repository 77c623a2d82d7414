"""The end of a run: its exit status, and what is left of it in files."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops import __version__
from pytest_llmops.errors import LlmopsError
from pytest_llmops.plugin.exit_status import NO_TESTS, NOTHING_CHECKED, exit_status
from pytest_llmops.plugin.plan import plan_of
from pytest_llmops.plugin.remembering import keep_run, what_creeps

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_llmops.plugin.controller import Controller
    from pytest_llmops.plugin.run import Run

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file whose Markdown a workflow run of GitHub, Gitea or Forgejo shows."""

SELECTED = {0, 1, NO_TESTS}
"""Statuses of pytest's own after which it is known what was collected."""


class Reporting:
    """Decides the exit status, and writes what the run leaves.

    Args:
        run: the controller's part of the run.
        controller: knows what came of it.

    Attributes:
        id: of the run: no other has it.
        result: the whole outcome, as in ``run.json``; or the plan.
        written: the files, in the order in which they are named.
        missing: metrics with a baseline that should have been measured and were not, as in ``run.json``.
    """

    def __init__(self, run: Run, controller: Controller) -> None:
        self.run = run
        self.controller = controller
        self.id = os.urandom(16).hex()
        self.result: dict[str, Any] = {}
        self.written: list[Path] = []
        self.missing: list[dict[str, Any]] = []

    @property
    def checks(self) -> list[dict[str, Any]]:
        """What came of each check, in the order of a serial run."""
        return self._in_order(self.controller.checks)

    @property
    def not_made(self) -> dict[str, int]:
        """How many selected checks never came to an end, and how many of them are timed."""
        selected = self.run.selected
        if selected is None:
            return {"checks": 0, "timed": 0}
        made = {check["test"] for check in self.controller.checks.values()}
        timed = sum(plan["timed"] for plan in selected.planned if plan["test"] not in made)
        return {"checks": selected.checks - len(self.controller.checks), "timed": timed}

    def finish(self, session: pytest.Session, status: int) -> None:
        """Decide what the run exits with, and write it down.

        Args:
            session: pytest's.
            status: its own exit status.
        """
        if session.config.option.collectonly:
            return
        if self.run.options.plan:
            self._plan(session, status)
            return
        opened = self.controller.opened_at is not None
        if opened and status in SELECTED:
            self.missing = self._missing()
        session.exitstatus = self._status(session, status)
        self.result = self._result(int(session.exitstatus))
        if opened:
            self.result["creeps"] = what_creeps(self.run, self.result)
            self._report()
        if self.run.options.gate:
            self._summarize()
        if opened:
            for line in keep_run(self.run, self.result):
                self.controller.telling.line(line)
            self._draw()
            self._tell()

    def _tell(self) -> None:
        """Last: whatever becomes of a message, the result is on disk before."""
        from pytest_llmops.plugin.news import told, write_textfile

        self._write(lambda: write_textfile(self.run, self.result))
        self.result["news"] = told(self.run, self.result)
        if self.result["news"] is not None:
            from pytest_llmops.report.run_json import write

            folder, written = self.run.report_folder, list(self.written)
            self._write(lambda: write(folder, self.result, self.run.redactor))
            self.written = written  # which names it already

    def _status(self, session: pytest.Session, status: int) -> int:
        if self.run.selected is None:  # none of our tests: all that the gate says is that nothing at all was run
            return NOTHING_CHECKED if self.run.options.gate and status == NO_TESTS else status
        checks = self.checks
        gate = self.run.declared.config.gate.inconclusive if self.run.declared_or_none else "suspect"
        return exit_status(
            status,
            checks,
            others_failed=session.testsfailed > sum(check["outcome"] in {"failed", "error"} for check in checks),
            gate=gate if self.run.options.gate else None,
            not_made=self.not_made["checks"],
            missing=len(self.missing),
            left_changed=bool(self.controller.settling.left),
        )

    def _missing(self) -> list[dict[str, Any]]:
        from pytest_llmops.plugin.missing import missing_of

        if self.run.selected is None:
            return []
        try:
            return missing_of(self.run, self.run.selected, self.checks)
        except LlmopsError as error:  # what cannot be read may hold anything
            return [{"metric": "", "check": "", "reason": str(error)}]

    def _result(self, status: int) -> dict[str, Any]:
        """The whole outcome; also of a run that was never opened, for the summary."""
        from pytest_llmops.plugin.diagnostics import incident_of
        from pytest_llmops.state.checkout import commit_of

        target, selected, opened_at = self.run.declared_or_none, self.run.selected, self.controller.opened_at
        opened = opened_at is not None
        return {
            "id": self.id,
            "version": __version__,
            "target": target.name if target else "",
            "profile": target.table.profile if target else "",
            "environment": target.table.environment if target else "",
            "commit": commit_of(target.root) if target and opened else "",
            "against": self.run.options.against,
            "started": self.controller.started,
            "duration_s": round(time.perf_counter() - opened_at, 3) if opened_at is not None else 0.0,
            "exit_status": status,
            "preflight": list(self.run.directory.known("preflight-").values()) if opened else [],
            "not_applicable": selected.not_applicable if selected else {},
            "not_made": self.not_made,
            "spent": asdict(self.run.ledger.spent()) if opened else {"requests": 0, "tokens": 0, "seconds": 0.0},
            "twin": self.run.twin.outcome() if opened and self.run.twin else None,
            "incident": incident_of(self.run) if opened else None,
            "missing": self.missing,
            "left_changed": self.controller.settling.left,
            "vacuous": self._vacuous(opened=opened),
            "creeps": [],
            "news": None,
            "checks": self.checks,
        }

    def _vacuous(self, *, opened: bool) -> list[dict[str, str]]:
        """What can say nothing: what the lint found, where a test asked for it, and vacuous checks."""
        from pytest_llmops.report.says_nothing import collected

        looked = self.run.directory.known("lint").values() if opened else ()
        return collected((finding for fact in looked for finding in fact["findings"]), self.checks)

    def _report(self) -> None:
        from pytest_llmops.measure.candidate import write_benchmarks, write_run
        from pytest_llmops.report.run_json import write

        folder, target = self.run.report_folder, self.run.declared
        found = [one for recordings in self._in_order(self.controller.recordings) for one in recordings]
        self._write(lambda: write(folder, self.result, self.run.redactor))
        self._write(lambda: write_benchmarks(folder, target, found))
        self._write(self._beside_allure)
        if self.run.options.baseline == "record":
            self._write(lambda: write_run(folder, target, found))

    def _beside_allure(self) -> None:
        """What Allure reads beside the results: categories, environment, executor."""
        from pytest_llmops.plugin.allure_results import wanted
        from pytest_llmops.report.allure_files import write

        if wanted(self.run.pytest):
            clean = self.run.redactor.inside(self.result)
            write(Path(self.run.pytest.option.allure_report_dir), clean, os.environ)

    def _summarize(self) -> None:
        from pytest_llmops.report.summary import append, write
        from pytest_llmops.target.secrets import Redactor

        redactor = self.run.redactor if self.run.declared_or_none is not None else Redactor()
        self._write(lambda: write(self.run.report_folder, self.result, redactor))
        if step := os.environ.get(STEP_SUMMARY):
            self._write(lambda: append(Path(step), self.result, redactor))

    def _draw(self) -> None:
        """The board, of the run and of what is remembered of earlier ones; so it comes last."""
        try:
            from pytest_llmops.report.board.remembered import remembered
            from pytest_llmops.report.board.writing import write

            clean = self.run.redactor.inside(self.result)
            self.written.append(write(self.run.report_folder, clean, remembered(self.run.declared, clean)))
        except Exception as error:  # noqa: BLE001 (whatever is wrong with a page is no verdict on a target)
            said = f"{type(error).__name__}: {error}"
            self.controller.telling.line(f"no board was written: {self.run.redactor.clean(said)}")

    def _write(self, write: Callable[[], Path | None]) -> None:
        """A file that cannot be written is said, and never a change of the verdict."""
        try:
            path = write()
        except Exception as error:  # noqa: BLE001 (whatever is wrong with a file is no verdict on a target)
            said = str(error) if isinstance(error, OSError | LlmopsError) else f"{type(error).__name__}: {error}"
            self.controller.telling.line(f"not written: {self.run.redactor.clean(said)}")
            return
        self.written += [path] if path else []

    def _plan(self, session: pytest.Session, status: int) -> None:
        """A plan of nothing is not green."""
        if status not in {0, NO_TESTS}:
            return
        from pytest_llmops.report.plan import write

        self.result = plan_of(self.run)
        nothing = NOTHING_CHECKED if self.run.options.gate else NO_TESTS
        session.exitstatus = 0 if self.result["checks"] else nothing
        self._write(lambda: write(self.run.report_folder, self.result))

    def _in_order(self, by_node_id: dict[str, Any]) -> list[Any]:
        known = self.run.selected.known if self.run.selected else {}
        place = {node_id: number for number, node_id in enumerate(known)}
        return [by_node_id[name] for name in sorted(by_node_id, key=lambda name: place.get(name, len(place)))]
