"""Before and after a run that changes its target: nothing is open when it begins, and nothing when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.control.undoing import DEADLINES, Undoing, hands_of_journal
from pytest_llmops.errors import JournalError, LlmopsError, Occupied
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.plugin.disruption import check_left_changed, turn_of
from pytest_llmops.report.left_changed import entries, lines, recover_command, unreadable
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_llmops.plugin.run import Run

MARGIN_S = 15.0
"""That a worker may take beside the deadlines of what it takes back."""

AT_THE_BEGINNING = "the beginning of a run"
AT_THE_END = "the end of a run"


class Settling:
    """In the process that the person started.

    Args:
        run: its part of the run.

    Attributes:
        left: what could not be taken back, as in ``run.json``.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.left: list[dict[str, Any]] = []
        self._changes = False

    def open(self) -> None:
        """Before the first test.

        Raises:
            StillChanged: disruptive tests are selected, and the target is not as it was before an earlier change.
            Occupied: they are, and another process is changing it.
            JournalError: they are, and the journal is damaged.
        """
        target, selected = self.run.declared, self.run.selected
        if selected is None:
            return
        journal = Journal.of(target.state_folder, target.name)
        if not selected.disruptive:
            self._note(journal)
            return
        turn = turn_of(target)
        turn.take(AT_THE_BEGINNING, run=self.run.path.name)
        try:
            check_left_changed(target, journal)
        finally:
            turn.give_back()
        self._changes = True
        self.run.interruption.install()
        if self.run.parallel:
            self.run.interruption.begin()

    def _note(self, journal: Journal) -> None:
        """A run that changes nothing is told how it finds the target."""
        try:
            if not Turn(self.run.declared.state_folder, self.run.declared.name).free:
                return
            check_left_changed(self.run.declared, journal)
        except LlmopsError as error:
            assert self.run.controller is not None
            self.run.controller.telling.line(str(error))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        """A worker is gone: what it left open is taken back at once, before others find the target so."""
        if error and self._changes:
            with self.run.interruption.hold():
                self._settle(wait=False)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around all: first of all, and the last word
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Take back what is still open before reports are written; say the worst after everything else."""
        if self._changes:
            with self.run.interruption.quiet():
                self.run.disruption.end() if self.run.disruption else None
                if session.exitstatus == pytest.ExitCode.INTERRUPTED:
                    self.run.stop_workers()
                self._settle(wait=True)
            if self.run.interruption.came and session.exitstatus in {0, 1, 5}:
                session.exitstatus = pytest.ExitCode.INTERRUPTED
            self.run.interruption.end()
        try:  # we listen to signals until it is said: one that comes meanwhile ends what others do, and not this
            return (yield)
        except KeyboardInterrupt as signal:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            self.run.say(f"interrupted by {signal or 'Ctrl-C'} while reports were written: some may be missing")
            return None
        finally:
            self._cry()

    def _settle(self, *, wait: bool) -> None:
        target, run = self.run.declared, self.run.path.name
        journal, turn = Journal.of(target.state_folder, target.name), Turn(target.state_folder, target.name)
        try:
            if journal.reread().opened.get("run") != run and not turn.held_for(run):
                return  # nothing was changed, or all taken back; whoever is at it now is none of ours
            turn.take(AT_THE_END, run=run, wait_s=_patience(journal) if wait else 0.0)
            if journal.reread().opened.get("run") == run:
                with hands_of_journal(journal, MAKERS, target) as hands_for:
                    Undoing(journal, hands_for, self.run.say, clean=self._clean).undo(again=False)
                self.left = entries(journal.reread())
        except Occupied as error:  # a worker is still at it
            self.left = [{**one, "why": str(error)} for one in entries(journal.reread())] if wait else []
        except JournalError as error:
            self.left = [unreadable(str(error))]
        finally:
            turn.give_back()

    def _clean(self, text: str) -> str:
        return self.run.redactor.clean(text)

    def _cry(self) -> None:
        terminal = self.run.pytest.pluginmanager.get_plugin("terminalreporter")
        said = lines(self.run.declared.name, self.left, recover_command(self.run.declared)) if self.left else []
        if terminal is None or not said:
            return
        terminal.ensure_newline()
        for line in said:
            terminal.write_line(line, red=True, bold=True)


def _patience(journal: Journal) -> float:
    """How long whoever holds the turn may take to take back what is open."""
    story = journal.story
    return MARGIN_S + sum(DEADLINES * story.steps[numbers[-1]].deadline_s for numbers in story.changed.values())
