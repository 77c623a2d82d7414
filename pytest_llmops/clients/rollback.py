"""Where a rollback would go: the commit before this one in history, and the one that was deployed before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, by its hash and the subject or move that stands beside it."""

    hash: str
    said: str

    def __str__(self) -> str:
        return f"{self.hash[:10]} ({self.said})"


class Rollback:
    """The versions of a target that is deployed by git.

    Args:
        app: its commands ``commits`` (history) and ``deployments`` (where HEAD was), each printing 'hash words' a line,
            the newest first.
    """

    def __init__(self, app: AppCommands) -> None:
        self._app = app

    def default(self) -> Commit:
        """Where the runbook's script goes without being told: the commit before this one in history.

        Raises:
            CallFailed: history has no such commit.
        """
        commits = self._lines("commits")
        if len(commits) < 2:
            raise CallFailed(
                self._app.component, "empty", "rollback: history has one commit only; there is none before."
            )
        return commits[1]

    def deployed_before(self) -> Commit:
        """The version that was deployed before the one that is now.

        Raises:
            Vacuous: it is the first that was deployed here.
        """
        moves = self._lines("deployments")
        before = next((move for move in moves if move.hash != moves[0].hash), None)
        if before is None:
            raise Vacuous(
                "rollback: what is deployed is the first version that ever was here; there is none to go back to."
            )
        return before

    def _lines(self, name: str) -> list[Commit]:
        lines = [line.split(None, 1) for line in self._app.text(name).splitlines() if line.strip()]
        hashes = [words[0] for words in lines]
        if not lines or not all(_is_hash(word) for word in hashes):
            raise CallFailed(
                self._app.component,
                "bad-answer",
                f"{self._app.component}: {name}: lines are not 'hash words': {self._app.quoted('; '.join(hashes))}.",
            )
        return [Commit(words[0], words[1] if len(words) > 1 else "") for words in lines]


def _is_hash(word: str) -> bool:
    return len(word) >= 7 and not set(word.lower()) - set("0123456789abcdef")
