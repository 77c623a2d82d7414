"""No secret of the target leaves this process in what pytest shows or writes, from collection to the crash path."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import warnings
    from collections.abc import Generator

    from pytest_llmops.plugin.cleaning import Cleaner
    from pytest_llmops.plugin.run import Run


REDACTION: pytest.StashKey[Redaction] = pytest.StashKey()


def guard(run: Run) -> Redaction:
    """From here on, take secrets out of what this process shows."""
    stash = run.pytest.stash
    if REDACTION not in stash:
        stash[REDACTION] = Redaction(run)
        run.pytest.pluginmanager.register(stash[REDACTION], "llmops-redaction")
    return stash[REDACTION]


class Redaction:
    """Registered where a target is described; it reads that only once there is something to take out.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._cleaner: Cleaner | None = None
        self._known = 0

    @property
    def cleaner(self) -> Cleaner | None:
        """What takes the secrets out; None while there are none.

        An embedded sandbox makes its keys when it starts, and whoever logs in is given a token, also later in the run.
        """
        placed = [deployment for deployment in self.run.deployments if deployment.placed]
        known = len(placed) + sum(len(deployment.declared.tokens.values()) for deployment in placed)
        if known > self._known:
            from pytest_llmops.plugin.cleaning import Cleaner

            values = [value for deployment in placed for value in deployment.secrets()]
            self._cleaner, self._known = Cleaner(self.run.redactor, values), known
        return self._cleaner

    @property
    def _of_tests(self) -> Cleaner | None:
        """The cleaner, in a run with tests of ours: a stranger's reports are none of our business."""
        return self.cleaner if self.run.selected is not None else None

    def data(self, body: bytes) -> bytes:
        """What a file will hold, without secrets."""
        return self.cleaner.data(body) if self.cleaner else body

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """A module that fails may say why with a secret in it."""
        report = yield
        if not report.passed and (cleaner := self.cleaner):
            cleaner.report(report)
        return report

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """From here on log lines may be written as they come (``--log-cli-level``, ``--log-file``)."""
        logs = session.config.pluginmanager.get_plugin("logging-plugin")
        if self.run.selected is None or logs is None:
            return
        for handler in (logs.log_cli_handler, logs.log_file_handler):
            if handler.formatter is not None:
                handler.setFormatter(_CleanLines(handler.formatter, self))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Before anybody reads it: terminal, JUnit, the controller of workers."""
        if cleaner := self._of_tests:
            cleaner.report(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Before it is kept for the summary or sent to the controller."""
        cleaner = self._of_tests
        said = str(warning_message.message)
        if cleaner and (cleaned := cleaner.text(said)) != said:
            warning_message.message = Warning(cleaned)  # the category is kept apart

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        """A crash shows what it crashed with."""
        if cleaner := self.cleaner:
            cleaner.traceback(excrepr)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Generator[None]:
        """Ctrl-C and ``pytest.exit("…")``, which are shown at the very end."""
        cleaner = self.cleaner
        error: Any = excinfo.value
        if cleaner and hasattr(error, "msg"):
            error.msg = cleaner.text(str(error.msg))
        yield
        kept = getattr(self._terminal, "_keyboardinterrupt_memo", None)
        if cleaner and kept is not None:
            cleaner.traceback(kept)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """What came before it was known that this is a run of ours, and what reaches JUnit's file past the reports."""
        cleaner = self._of_tests
        if cleaner and self._terminal is not None:
            for warned in self._terminal.stats.get("warnings", []):
                cleaner.inside(warned)
        result = yield
        asked = session.config.getoption("xmlpath", None)
        if cleaner and asked and not self.run.worker:
            file = Path(os.path.expandvars(asked)).expanduser()
            written = file.read_bytes() if file.is_file() else b""
            if (cleaned := cleaner.data(written)) != written:
                file.write_bytes(cleaned)
        return result

    @property
    def _terminal(self) -> Any:
        return self.run.pytest.pluginmanager.get_plugin("terminalreporter")


class _CleanLines(logging.Formatter):
    """Another formatter's lines, without secrets."""

    def __init__(self, inner: logging.Formatter, redaction: Redaction) -> None:
        super().__init__()
        self.inner = inner
        self.redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = self.inner.format(record)
        cleaner = self.redaction.cleaner
        return cleaner.text(line) if cleaner else line
