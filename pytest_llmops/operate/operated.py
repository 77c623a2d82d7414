"""What came of an operation: its steps, how long nobody was served, what it set; and a page of Markdown of that."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.control.change import Change

BY_FORCE = re.compile(r"\b(137|SIGKILL|timeout)\b")
"""In a driver's words: docker's exit status, a process's signal, systemd's result."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step that held.

    Attributes:
        name: what people call it.
        at: when it began, in seconds since the epoch.
        took_s: until it was seen to hold.
        seen: what was seen.
        does: what it does, whatever people call it: ``stop api``.
    """

    name: str
    at: float
    took_s: float
    seen: str
    does: str = ""

    @property
    def forced(self) -> bool:
        """Whether what was stopped had to be killed, by what its driver says of its end."""
        return self.seen.startswith("stopped") and BY_FORCE.search(self.seen) is not None


@dataclass(frozen=True)
class Operated:
    """An operation whose steps all held.

    Attributes:
        name: its name in the target.
        about: what it is for.
        lasting: whether what was done stays.
        steps: in their order.
        away_s: for so long components were away, as far as that is known.
        unseen: components that were taken away, and that no check found up again.
        values: settings that it set, with their new values.
        before: the same, with those that they had before.
    """

    name: str
    about: str
    lasting: bool
    steps: Sequence[Done]
    away_s: float = 0.0
    unseen: Sequence[str] = ()
    values: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)

    @property
    def down_s(self) -> float:
        """From each act that took a component away to the first check that found it up, added up; 0: none was away.

        Raises:
            LlmopsError: no check looked whether one is up again.
        """
        if self.unseen:
            raise LlmopsError(f"{self.name}: {unknown_downtime(self.unseen)}")
        return self.away_s

    @property
    def idle(self) -> list[str]:
        """Settings that already had the value they were given, a sentence each."""
        return [f"{name} was {value!r} before" for name, value in self.values.items() if value == self.before[name]]

    def astray(self, change: Change) -> list[str]:
        """Settings that are not as they were set, now that all is done, a sentence each."""
        now = {name: change.status(name).kept["value"] for name in self.values}
        return [
            f"{self.name}: {name} is {now[name]} once all is done, and was set to {value}"
            for name, value in self.values.items()
            if now[name] != value
        ]

    @property
    def killed(self) -> list[str]:
        """Steps whose component had to be killed, for it did not end by itself, a sentence each."""
        return [f"{step.name}: {step.seen}" for step in self.steps if step.forced]

    @property
    def took_s(self) -> float:
        """From the first step's beginning to the last one's end."""
        return self.steps[-1].at + self.steps[-1].took_s - self.steps[0].at

    def __getitem__(self, name: str) -> Done:
        """A step by its name, or by what it does.

        Raises:
            LlmopsError: there is none.
        """
        for step in sorted(self.steps, key=lambda step: step.name != name):
            if name in {step.name, step.does}:
                return step
        there = ", ".join(repr(step.name) for step in self.steps)
        raise LlmopsError(
            f"operation {self.name} has no step {name!r}, which this test looks at; its steps are {there}. "
            "Give one of them that name in its table."
        )

    def value(self, setting: str) -> str:
        """The new value of a setting that it set.

        Raises:
            LlmopsError: it did not set that.
        """
        if setting not in self.values:
            there = ", ".join(self.values) or "nothing"
            raise LlmopsError(
                f"operation {self.name} does not set {setting}, which this test looks at; it sets {there}. "
                f'Have a step in its table: {{ do = "set", on = "{setting}", … }}.'
            )
        return self.values[setting]

    def document(self) -> str:
        """A page of Markdown: what was done when, how long it took, what was seen."""
        ends = "What was done stays." if self.lasting else "A rehearsal: what was done is taken back."
        rows = [
            f"| {number} | {step.name} | {time.strftime('%H:%M:%S', time.gmtime(step.at))} | {spoken(step.took_s)} "
            f"| {step.seen} |"
            for number, step in enumerate(self.steps, 1)
        ]
        head = f"# {self.name}\n\n{self.about} {ends}\n\nIt took {spoken(self.took_s)}"
        down = f", and {spoken(self.away_s)} of that nobody was served" if self.away_s else ""
        if self.unseen:
            unseen = " and ".join(self.unseen)
            down = f", and how long of that nobody was served is not known: no step saw {unseen} up again"
        table = "\n".join(["| | step | began (UTC) | took | seen |", "|---|---|---|---|---|", *rows])
        return f"{head}{down}.\n\n{table}\n"


def unknown_downtime(unseen: Sequence[str]) -> str:
    """The sentence about an operation that does not tell when somebody was served again.

    Args:
        unseen: components that it takes away, and that no check of it finds up again.
    """
    checks = " and ".join(f'{{ do = "check", on = "{component}" }}' for component in unseen)
    return (
        f"how long nobody is served is not known, for no step sees {' and '.join(unseen)} up again; "
        f"add {checks} to its steps."
    )
