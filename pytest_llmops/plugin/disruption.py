"""Tests that change the target: one at a time, within a window, and all is taken back whatever ends them."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.undoing import went_with_sandbox
from pytest_llmops.errors import LeftChanged, LlmopsError, StillChanged
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.plugin.checks import changes
from pytest_llmops.plugin.keys import may_begin
from pytest_llmops.plugin.ours import CHECK
from pytest_llmops.report.left_changed import entries, lines, recover_command, who
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.target.load import Target


class Disruption:
    """In each process that runs tests.

    A test's change is taken back when its fixture ends; where something cuts that short, when the test's turn ends;
    and failing that, when the session does. Each of them finds nothing left to do after the one before.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._turn: Turn | None = None
        self._change: Change | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Listen to signals: what only reads its target may have something of its own to take away again, too."""
        if self.run.selected is not None:
            self.run.interruption.install()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Whatever becomes of the test: afterwards all is as it was. A signal that it swallowed stops the run."""
        try:
            return (yield)
        finally:
            self.end() if _is_disruptive(item) else None
            if self.run.interruption.came and not item.session.shouldstop:
                item.session.shouldstop = f"a signal to stop came during {item.nodeid}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Have the turn before any fixture of the test can change something.

        Raises:
            LlmopsError: it cannot be had.
        """
        if _is_disruptive(item):
            self._begin(item.stash[CHECK])
        elif CHECK in item.stash and changes(item):
            raise LlmopsError(
                f"{item.nodeid} was made disruptive after tests were selected, so nobody looked for its keys: give it "
                f"its marker in pytest_collection_modifyitems or before."
            )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """In a worker: what a signal cut short between tests. The process that was invoked settles all of it."""
        if self.run.worker:
            with self.run.interruption.quiet():
                self.end()
            self.run.interruption.restore()
        return (yield)

    def pytest_unconfigure(self) -> None:
        """Put back what listened before us."""
        self.run.interruption.restore()

    def stop(self) -> None:
        """Stop the test that changes the target, and take back what it did; asked for from another thread."""
        if self._turn is not None and self._turn.taken:
            os.kill(os.getpid(), signal.SIGTERM)

    def change(self, item: pytest.Item) -> Change:
        """The change of a test, for its fixture.

        Raises:
            LlmopsError: nobody could know that it is disruptive.
        """
        if self._change is None or not _is_disruptive(item):
            raise LlmopsError(
                f"{item.nodeid} asks for 'change' while it runs, so nobody could know that it is disruptive: "
                f"name it among the test's arguments, or mark the test with 'disruptive'."
            )
        return self._change

    def take_back(self) -> None:
        """Take back what the test did.

        Raises:
            LeftChanged: something could not be.
        """
        if self._change is None or self._change.undo():
            return
        target, journal = self.run.target, Journal.of(self.run.target.state_folder, self.run.target.name)
        raise LeftChanged("\n".join(lines(target.name, entries(journal.story), recover_command(target))))

    def end(self) -> None:
        """Take back what is left, and let others have the turn."""
        if self._turn is None:
            return
        with self.run.interruption.hold():
            try:
                if self._change is not None:
                    self._change.undo()
            finally:
                self._change = None
                self._turn.give_back()
                self._turn = None
                self.run.interruption.end()

    def _begin(self, check: Check) -> None:
        self.end()  # of an earlier attempt, where a plugin runs a test again
        target = self.run.target
        self.run.interruption.begin()
        self._turn = turn_of(self.run.declared)
        self._turn.take(check.key, run=self.run.path.name)
        journal = Journal.of(target.state_folder, target.name)
        check_left_changed(target, journal)
        journal.undone(*journal.story.open)  # of a sandbox that has ended
        journal.close()
        declared = self.run.declared  # an embedded one that has addresses would look like a real one
        may_begin(declared, time.time(), check.procedures)
        self._change = Change(
            target,
            journal,
            self.run.interruption,
            opened={"test": check.key, "run": self.run.path.name},
            say=self.run.say,
            may_begin=lambda: may_begin(declared, time.time(), check.procedures),
            clean=self._clean,
            makers=MAKERS,
        )

    def _clean(self, text: str) -> str:
        return self.run.redactor.clean(text)


def turn_of(target: Target) -> Turn:
    """The right to change a target; whoever comes second is told how a sandbox is run beside another."""
    aside = f"Sandboxes of one name share the journal in {target.state_folder}: run a second one in another folder."
    return Turn(target.state_folder, target.name, aside if target.table.embedded else "")


def check_left_changed(target: Target, journal: Journal) -> None:
    """See whether a target is as it was before all changes that were made of it.

    Raises:
        StillChanged: it is not.
        JournalError: the journal is damaged.
    """
    story = journal.reread()
    if story.open and not went_with_sandbox(story):
        open_ = "; ".join(f"{step.act} {step.component} ({step.what})" for step in story.open.values())
        raise StillChanged(
            f"{target.name} is not as it was: {who(story)} did not take back: {open_}. "
            f"Nothing disruptive runs there until that is done: run {recover_command(target)}."
        )


def _is_disruptive(item: pytest.Item) -> bool:
    return CHECK in item.stash and item.stash[CHECK].disruptive
