"""Brings back what changes left behind whose process is gone; needs no key, for it changes nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_llmops.control.drivers import NONE
from pytest_llmops.control.undoing import Undoing, hands_of_journal
from pytest_llmops.errors import Occupied
from pytest_llmops.state.journal import journals
from pytest_llmops.state.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_llmops.control.drivers import Makers
    from pytest_llmops.state.journal import Journal
    from pytest_llmops.state.story import Story
    from pytest_llmops.target.load import Target

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

    def carry_out(
        self,
        say: Callable[[str], None],
        clean: Callable[[str], str] = str,
        makers: Makers = NONE,
        declared: Target | None = None,
    ) -> bool:
        """Take back what is open, the last first; where nothing is, the journal is put away.

        Args:
            say: is told each component before it is brought back.
            clean: takes secrets out of what programs said.
            makers: of drivers that live above this room.
            declared: the target as the file has it by now; see `hands_of_journal`.

        Returns:
            Whether nothing is left open.

        Raises:
            Occupied: whoever made the change is still at it.
            JournalError: the journal cannot be read or written, or is damaged.
        """
        with self._turned(), hands_of_journal(self.journal, makers, declared) as hands_for:
            return Undoing(self.journal, hands_for, say, clean=clean).undo()

    def settle(self) -> list[str]:
        """Leave as it is now what could not be brought back: a person has seen to it.

        Returns:
            The components and settings of which nothing is taken back any more.

        Raises:
            Occupied: whoever made the change is still at it.
            JournalError: the journal cannot be read or written, or is damaged.
        """
        with self._turned():
            story = self.journal.story
            tried = {name: numbers for name, numbers in story.changed.items() if story.failed.keys() & set(numbers)}
            settled = {name: numbers for name, numbers in tried.items() if story.steps[numbers[-1]].keeps not in tried}
            if settled:
                self.journal.kept(*(number for numbers in settled.values() for number in numbers))
            return list(settled)

    def check_free(self) -> None:
        """See whether nobody is at it.

        Raises:
            Occupied: somebody is.
            JournalError: that cannot be seen.
        """
        if not self._turn.free:
            raise Occupied(self._turn.occupied())

    @contextmanager
    def _turned(self) -> Iterator[None]:
        """Have the turn, and the journal as it is now."""
        self._turn.take(RECOVERY, run=RECOVERY)
        try:
            self.journal.reread()  # only now, for until now it may have been written
            yield
        finally:
            self._turn.give_back()


def recoveries(state: Path) -> list[Recovery]:
    """Those of all open journals.

    Args:
        state: the state folder.

    Raises:
        JournalError: nobody can look for them.
    """
    return [Recovery(state, journal) for journal in journals(state)]
