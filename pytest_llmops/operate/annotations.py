"""Annotations: the answers that wait for a person, and what became of those that have had one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Queue:
    """The answers that wait for a person.

    Attributes:
        pending: how many.
        completed: how many have had one.
        next: the trace id of the one that is handed out next; empty where none is.
        oldest_s: how long the oldest has waited; 0 where none does.
    """

    pending: int
    completed: int
    next: str
    oldest_s: float

    @property
    def wrong(self) -> str:
        """Why the queue does not answer; empty where it does."""
        if self.pending and not self.next:
            return f"{self.pending} tasks wait, and none is handed out: their files cannot be read"
        return f"task {self.next} is handed out, and none waits" if self.next and not self.pending else ""


@dataclass(frozen=True, slots=True)
class Scratch:
    """What became of the golden dataset in a scratch copy.

    Attributes:
        submitted: annotations that people have completed.
        grown: golden file to how many of them ask their question in it, and did not in the application's own.
        exported: exported file to how many cases it holds.
        unreadable: lines of either that are no JSON, as ``FILE:LINE``.
        unusable: completed annotations without a question or an answer.
    """

    submitted: int
    grown: Mapping[str, int]
    exported: Mapping[str, int]
    unreadable: tuple[str, ...]
    unusable: int

    def astray(self, what: str, files: Mapping[str, int]) -> list[str]:
        """What is not as it should be of cases that were made of annotations, a sentence each.

        Args:
            what: was done: ``imported``, ``exported``.
            files: to how many cases each has.

        Raises:
            Vacuous: nobody has completed an annotation, so there was nothing to make cases of.
        """
        if not self.submitted:
            raise Vacuous("no annotation is completed, so there is nothing that could become a golden case.")
        why = f"; {self.unusable} are stored without a question or an answer" if self.unusable else ""
        lost = [
            f"{name}: {count} of {self.submitted} completed annotations were {what}{why}"
            for name, count in files.items()
            if count != self.submitted
        ]
        none = [f"no file of golden cases was {what}"] if not files else []
        unreadable = [f"no JSON stands at {', '.join(self.unreadable)}"] if self.unreadable else []
        return [*none, *lost, *unreadable]
