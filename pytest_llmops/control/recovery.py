"""Brings back what changes left behind whose process is gone; needs no key, for it changes nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.control.undoing import Undoing, hands_of_journal
from pytest_llmops.errors import Occupied
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
        journal: the target's; nothing of it is read yet.
    """

    def __init__(self, state: Path, journal: Journal) -> None:
        self.journal = journal
        self.target = journal.target
        self._turn = Turn(state, self.target)

    @property
    def story(self) -> Story:
        """What the journal tells.

        Raises:
            JournalError: it is damaged.
        """
        return self.journal.story

    def carry_out(self, say: Callable[[str], None], clean: Callable[[str], str] = str) -> bool:
        """Take back what is open, the last first; where nothing is, the journal is put away.

        Args:
            say: is told each component before it is brought back.
            clean: takes secrets out of what programs said.

        Returns:
            Whether nothing is left open.

        Raises:
            Occupied: whoever made the change is still at it.
            JournalError: the journal cannot be read or written, or is damaged.
        """
        self._turn.take(RECOVERY, run=RECOVERY)
        try:
            self.journal.reread()  # only now, for until now it may have been written
            return Undoing(self.journal, hands_of_journal(self.journal), say, clean=clean).undo()
        finally:
            self._turn.give_back()

    def check_free(self) -> None:
        """See whether nobody is at it.

        Raises:
            Occupied: somebody is.
            JournalError: that cannot be seen.
        """
        if not self._turn.free:
            raise Occupied(self._turn.occupied())


def recoveries(state: Path) -> list[Recovery]:
    """Those of all open journals.

    Args:
        state: the state folder.

    Raises:
        JournalError: nobody can look for them.
    """
    return [Recovery(state, journal) for journal in journals(state)]
