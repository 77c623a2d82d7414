"""Brings back what changes left behind whose process is gone; needs no key, for it changes nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.control.undoing import hands_of_journal, undo
from pytest_llmops.state.journal import journals
from pytest_llmops.state.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.state.journal import Journal, Story

RECOVERY = "llmops recover"


class Recovery:
    """One target's open journal.

    Args:
        state: the state folder.
        journal: the target's.

    Raises:
        JournalError: the journal is damaged.
    """

    def __init__(self, state: Path, journal: Journal) -> None:
        self.journal = journal
        self.target = str(journal.story.opened.get("target", ""))
        self._turn = Turn(state, self.target)

    @property
    def story(self) -> Story:
        """What the journal tells."""
        return self.journal.story

    def carry_out(self, say: Callable[[str], None]) -> bool:
        """Take back what is open, the last first; where nothing is, the journal is put away.

        Args:
            say: is told each step before it is taken.

        Returns:
            Whether nothing is left open.

        Raises:
            Occupied: whoever made the change is still at it.
            JournalError: the journal cannot be read or written.
        """
        self._turn.take(RECOVERY, run=RECOVERY)
        try:
            self.journal.reread()
            return undo(self.journal, hands_of_journal(self.journal), say)
        finally:
            self._turn.give_back()

    def check_free(self) -> None:
        """See whether nobody is at it.

        Raises:
            Occupied: somebody is.
        """
        self._turn.take(RECOVERY, run=RECOVERY)
        self._turn.give_back()


def recoveries(state: Path, target: str | None = None) -> list[Recovery]:
    """Those of all open journals, or of one target's.

    Args:
        state: the state folder.
        target: which one; all if None.

    Raises:
        JournalError: a journal is damaged.
    """
    found = [Recovery(state, journal) for journal in journals(state)]
    return [one for one in found if target is None or one.target in {target, ""}]
