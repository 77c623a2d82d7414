"""For how long an operation left somebody unserved: from what took a component away to the check that found it up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_llmops.target.operations import Step

ENDS = frozenset({"stop", "restart", "kill", "pause"})
"""Acts from which on nobody is served."""

BACK = frozenset({"start", "restart", "roll", "resume"})
"""Acts after which a component may serve again."""


class Away:
    """The times during which a component was away, added up; those of several that overlap count once.

    A component is back at the first check that finds it up after that. Where none looks at it, whichever component is
    found up once it was started stands for it. A check of a setting says nothing of who is served.

    Args:
        steps: of the operation.
        settings: of the target, by name.
    """

    def __init__(self, steps: Sequence[Step], settings: Collection[str]) -> None:
        self._steps = steps
        self._settings = settings
        self._began_at = 0.0
        self._away: dict[str, bool] = {}
        self.known_s = 0.0

    @property
    def unseen(self) -> list[str]:
        """Components that no check has found up again so far."""
        return list(self._away)

    def begins(self, step: Step) -> None:
        """A step is about to be done."""
        if step.do in ENDS:
            self._began_at = self._began_at if self._away else time.perf_counter()
            self._away[step.on] = False
        if step.do in BACK and step.on in self._away:
            self._away[step.on] = True  # it was told to come back

    def held(self, number: int) -> None:
        """A step was seen to hold.

        Args:
            number: of it, from 0.
        """
        step = self._steps[number]
        if not self._away or not self._finds_up(step):
            return
        later = {one.on for one in self._steps[number + 1 :] if self._finds_up(one)}
        stood_for = {name for name, started in self._away.items() if started and name not in later}
        for name in {step.on, *stood_for} & self._away.keys():
            del self._away[name]
        if not self._away:
            self.known_s += time.perf_counter() - self._began_at

    def _finds_up(self, step: Step) -> bool:
        return step.do == "check" and step.state != "away" and step.on not in self._settings


def never_seen(steps: Sequence[Step], settings: Collection[str]) -> list[str]:
    """Components that an operation takes away, and of which no step of it sees that they are up again."""
    away = Away(steps, settings)
    for number, step in enumerate(steps):
        away.begins(step)
        away.held(number)
    return away.unseen
